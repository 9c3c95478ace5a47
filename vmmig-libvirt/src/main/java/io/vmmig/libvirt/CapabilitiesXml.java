// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.hypervisor.HostCapabilities.Emulator;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.w3c.dom.Element;

/** Reads the emulators out of libvirt's capabilities. */
final class CapabilitiesXml {
    private CapabilitiesXml() {}

    static List<Emulator> emulators(String capabilities) throws HypervisorException {
        List<Emulator> emulators = new ArrayList<>();
        for (Element guest : Xml.children(Xml.ofLibvirt(capabilities), "guest")) {
            Element arch = Xml.child(guest, "arch");
            if (arch == null) {
                continue;
            }
            for (Element domain : Xml.children(arch, "domain")) {
                // A domain type lists its own emulator and machines only if they differ from the architecture's.
                String path = Xml.text(Xml.child(domain, "emulator") == null ? arch : domain, "emulator");
                Set<String> machines = machines(Xml.child(domain, "machine") == null ? arch : domain);
                emulators.add(new Emulator(arch.getAttribute("name"), domain.getAttribute("type"), path, machines));
            }
        }
        return emulators;
    }

    private static Set<String> machines(Element parent) {
        Set<String> machines = new TreeSet<>();
        for (Element machine : Xml.children(parent, "machine")) {
            machines.add(machine.getTextContent().trim());
            if (machine.hasAttribute("canonical")) {
                machines.add(machine.getAttribute("canonical"));
            }
        }
        return machines;
    }
}
