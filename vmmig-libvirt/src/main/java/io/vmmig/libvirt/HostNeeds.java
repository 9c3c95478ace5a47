// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;

/** What the interfaces of a guest need of a host, by name. */
final class HostNeeds {
    private HostNeeds() {}

    /**
     * Something that an interface needs.
     *
     * @param kind what it is, such as {@code network}
     * @param name what it is called
     */
    record Need(String kind, String name) {}

    /** All networks and filters that are named in a domain XML. */
    static List<Need> of(String domainXml) {
        return interfaces(domainXml).stream()
                .flatMap(device -> Stream.of(
                        new Need("network", Xml.attribute(device, "source", "network")),
                        new Need("nwfilter", Xml.attribute(device, "filterref", "filter"))))
                .filter(need -> !need.name().isEmpty())
                .toList();
    }

    /** The interface of which a child's attribute has that value, as people find it in the XML. */
    static Optional<String> interfaceNaming(String domainXml, String child, String attribute, String value) {
        int position = 0;
        for (Element device : interfaces(domainXml)) {
            position++;
            if (Xml.attribute(device, child, attribute).equals(value)) {
                Element mac = Xml.child(device, "mac");
                return Optional.of("interface " + (mac == null ? position : mac.getAttribute("address"))
                        + " (/domain/devices/interface[" + position + "]/" + child + "/@" + attribute + ")");
            }
        }
        return Optional.empty();
    }

    private static List<Element> interfaces(String domainXml) {
        try {
            return Xml.devices(Xml.parse(domainXml), "interface");
        } catch (SAXException e) {
            // Libvirt says so itself.
            return List.of();
        }
    }
}
