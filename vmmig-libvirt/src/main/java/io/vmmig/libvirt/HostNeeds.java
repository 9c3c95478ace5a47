// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.xml.Xml;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.w3c.dom.Element;

/** The networks and filters that a guest's interfaces need on a host. */
final class HostNeeds {
    private HostNeeds() {}

    /**
     * A need of an interface.
     *
     * @param kind the kind, such as {@code network}
     * @param name its name
     */
    record Need(String kind, String name) {}

    /** All networks and filters that a domain XML names. */
    static List<Need> of(String domainXml) {
        return interfaces(domainXml).stream()
                .flatMap(device -> Stream.of(
                        new Need("network", Xml.attribute(device, "source", "network")),
                        new Need("nwfilter", Xml.attribute(device, "filterref", "filter"))))
                .filter(need -> !need.name().isEmpty())
                .toList();
    }

    /** The path of the interface with a child whose attribute has that value. */
    static Optional<String> interfaceNaming(String domainXml, String child, String attribute, String value) {
        int position = 0;
        for (Element device : interfaces(domainXml)) {
            position++;
            if (Xml.attribute(device, child, attribute).equals(value)) {
                String mac = Xml.attribute(device, "mac", "address");
                return Optional.of("interface " + (mac.isEmpty() ? position : mac) + " (/domain/devices/interface["
                        + position + "]/" + child + "/@" + attribute + ")");
            }
        }
        return Optional.empty();
    }

    private static List<Element> interfaces(String domainXml) {
        try {
            return LibvirtXml.devices(LibvirtXml.parse(domainXml), "interface");
        } catch (HypervisorException e) {
            // Libvirt says so itself.
            return List.of();
        }
    }
}
