// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.DomainView;
import java.util.List;
import org.w3c.dom.Element;

/**
 * The links of a guest's interfaces. QEMU takes their state from the stream when it restores a guest ({@code virtio_net_post_load_device}
 * and its like), after libvirt has set what the XML asks for; so a link can be up that libvirt takes for down.
 */
final class InterfaceLinks {
    private InterfaceLinks() {}

    /** Takes those links of a restored guest down that its XML has down. It is paused, so nothing passes in between. */
    static void takeDown(GuestCalls guest, String asked) throws VmmigException {
        if (down(asked).isEmpty()) {
            return;
        }
        List<Element> down = down(guest.call("read the live XML of", DomainView::liveXml));
        guest.change("take the links down of", new Late.Stays("they are to be down"), domain -> {
            for (Element device : down) {
                // What libvirt takes for down it does not take down.
                domain.updateDevice(with("up", device));
                domain.updateDevice(with("down", device));
            }
        });
    }

    /** The interfaces whose links are down. */
    static List<Element> down(String domainXml) throws VmmigException {
        return Xml.devices(Xml.ofLibvirt(domainXml), "interface").stream()
                .filter(device -> Xml.attribute(device, "link", "state").equals("down"))
                .toList();
    }

    static String with(String state, Element device) {
        Element copy = (Element) device.cloneNode(true);
        Xml.children(copy, "link").get(0).setAttribute("state", state);
        return Xml.text(copy);
    }
}
