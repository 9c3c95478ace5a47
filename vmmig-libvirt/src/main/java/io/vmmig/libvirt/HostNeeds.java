// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
     * @param device the interface, as people find it in the XML
     */
    record Need(String kind, String name, String device) {}

    /** All networks and filters that are named in a domain XML. */
    static List<Need> of(String domainXml) {
        List<Need> needs = new ArrayList<>();
        int position = 0;
        for (Element device : interfaces(domainXml)) {
            position++;
            add(needs, "network", device, position, "source", "network");
            add(needs, "nwfilter", device, position, "filterref", "filter");
        }
        return needs;
    }

    private static void add(
            List<Need> needs, String kind, Element device, int position, String child, String attribute) {
        Element named = Xml.child(device, child);
        if (named != null && named.hasAttribute(attribute)) {
            needs.add(new Need(kind, named.getAttribute(attribute), words(device, position, child, attribute)));
        }
    }

    /** The interface of which a child's attribute has that value, as people find it in the XML. */
    static Optional<String> interfaceNaming(String domainXml, String child, String attribute, String value) {
        int position = 0;
        for (Element device : interfaces(domainXml)) {
            position++;
            Element named = Xml.child(device, child);
            if (named != null && named.getAttribute(attribute).equals(value)) {
                return Optional.of(words(device, position, child, attribute));
            }
        }
        return Optional.empty();
    }

    private static String words(Element device, int position, String child, String attribute) {
        Element mac = Xml.child(device, "mac");
        return "interface " + (mac == null ? position : mac.getAttribute("address")) + " (/domain/devices/interface["
                + position + "]/" + child + "/@" + attribute + ")";
    }

    private static List<Element> interfaces(String domainXml) {
        try {
            Element devices = Xml.child(Xml.parse(domainXml), "devices");
            return devices == null ? List.of() : Xml.children(devices, "interface");
        } catch (SAXException e) {
            // Libvirt says so itself.
            return List.of();
        }
    }
}
