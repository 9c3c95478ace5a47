// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.xml.BoundedXml;
import io.vmmig.xml.Xml;
import java.util.List;
import org.w3c.dom.Element;

/** XML from and for libvirt. */
final class LibvirtXml {
    private LibvirtXml() {}

    /** The root element of what libvirt gave. */
    static Element parse(String text) throws HypervisorException {
        try {
            return BoundedXml.parse(text, "it");
        } catch (IncompatibleException e) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_FAILED,
                    "libvirt's XML cannot be read: " + e.failure().what(),
                    "",
                    e);
        }
    }

    /** The devices of that kind in a domain. */
    static List<Element> devices(Element domain, String kind) {
        return Xml.child(domain, "devices")
                .map(devices -> Xml.children(devices, kind))
                .orElse(List.of());
    }

    /** Escapes a text for an attribute. */
    static String quoted(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace("'", "&apos;")
                .replace("\"", "&quot;");
    }
}
