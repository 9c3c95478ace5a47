// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.xml.Xml;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.w3c.dom.Element;

/**
 * What the guest sees of its machine, as far as QEMU insists on finding it again when it restores: machine type, memory,
 * CPUs and the place of every device.
 */
record GuestHardware(Set<String> parts) {
    /** Devices that QEMU keeps no state of under a name of their own. */
    private static final Set<String> INVISIBLE = Set.of("emulator", "console", "audio");

    static GuestHardware of(DomainXml domain) throws VmmigException {
        Set<String> parts = new LinkedHashSet<>();
        parts.add("architecture " + domain.architecture());
        parts.add("machine type " + domain.machine());
        parts.add("memory of " + domain.memoryBytes() + " bytes");
        parts.add("number of vcpus " + domain.vcpus());
        parts.add("CPU model " + domain.cpuModel().orElse("of the machine type"));
        for (Element device : domain.devices()) {
            if (!INVISIBLE.contains(device.getTagName())) {
                parts.add(describe(device));
            }
        }
        return new GuestHardware(parts);
    }

    private static String describe(Element device) {
        List<String> words = new ArrayList<>();
        words.add("device " + device.getTagName());
        addAttributes(words, device, "model", "bus", "index");
        Xml.child(device, "target").ifPresent(t -> addAttributes(words, t, "dev", "bus", "name", "port", "chassis"));
        Xml.child(device, "model").ifPresent(m -> addAttributes(words, m, "type", "name"));
        Xml.child(device, "address").ifPresent(a -> {
            words.add("at " + a.getAttribute("type"));
            addAttributes(words, a, "domain", "bus", "slot", "function", "controller", "unit", "port");
        });
        return String.join(" ", words);
    }

    private static void addAttributes(List<String> words, Element element, String... names) {
        // A disk's target says "vda" on "virtio"; an interface's target names a host device, which does not count.
        boolean hostDevice = element.getTagName().equals("target")
                && element.getParentNode().getNodeName().equals("interface");
        for (String name : names) {
            String value = element.getAttribute(name);
            if (!value.isEmpty() && !hostDevice) {
                words.add(value);
            }
        }
    }

    /** Throws unless a stream saved from this hardware fits into {@code other}. */
    void requireSame(GuestHardware other) throws VmmigException {
        List<String> differences = new ArrayList<>();
        parts.stream()
                .filter(part -> !other.parts.contains(part))
                .forEach(part -> differences.add("saved with " + part));
        other.parts.stream()
                .filter(part -> !parts.contains(part))
                .forEach(part -> differences.add("asked for " + part));
        if (!differences.isEmpty()) {
            throw new IncompatibleException(
                    Problem.DOMAIN_CHANGE_IMPOSSIBLE,
                    "QEMU could not restore the guest into this domain: " + String.join("; ", differences),
                    "Leave the machine, its memory, its CPUs and its devices as they were saved.");
        }
    }
}
