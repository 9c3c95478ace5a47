// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.xml.BoundedXml;
import io.vmmig.xml.Xml;
import java.util.List;
import org.w3c.dom.Element;

/**
 * The link states of a guest's interfaces. When QEMU restores a guest, it loads them from the stream ({@code
 * virtio_net_post_load_device} and similar) after libvirt has set them from the XML; so a link can be up although libvirt
 * believes it is down.
 */
final class InterfaceLinks {
    private InterfaceLinks() {}

    /** Takes down the links of a restored guest that are down in its XML. The guest is paused, so no packet passes before. */
    static void takeDown(GuestCalls guest, String asked) throws VmmigException {
        if (down(asked).isEmpty()) {
            return;
        }
        List<Element> down = down(guest.call("read the live XML of", DomainView::liveXml));
        guest.change("take the links down of", new Late.Stays("they should be down"), domain -> {
            for (Element device : down) {
                // libvirt ignores a request to take down a link that it believes is down.
                domain.updateDevice(with("up", device));
                domain.updateDevice(with("down", device));
            }
        });
    }

    /** The interfaces whose links are down. */
    static List<Element> down(String domainXml) throws VmmigException {
        return LibvirtXml.devices(LibvirtXml.parse(domainXml), "interface").stream()
                .filter(device -> Xml.attribute(device, "link", "state").equals("down"))
                .toList();
    }

    static String with(String state, Element device) {
        Element copy = (Element) device.cloneNode(true);
        Xml.children(copy, "link").get(0).setAttribute("state", state);
        return BoundedXml.text(copy);
    }
}
