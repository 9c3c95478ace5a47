// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.hypervisor.HostCapabilities.Emulator;
import io.vmmig.xml.Xml;
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
        for (Element guest : Xml.children(LibvirtXml.parse(capabilities), "guest")) {
            for (Element arch : Xml.children(guest, "arch")) {
                for (Element domain : Xml.children(arch, "domain")) {
                    // A domain type lists its own emulator and machines only if they differ from the architecture's.
                    String path = Xml.text(Xml.child(domain, "emulator").isEmpty() ? arch : domain, "emulator");
                    Set<String> machines = machines(Xml.child(domain, "machine").isEmpty() ? arch : domain);
                    emulators.add(new Emulator(arch.getAttribute("name"), domain.getAttribute("type"), path, machines));
                }
            }
        }
        return emulators;
    }

    private static Set<String> machines(Element parent) {
        Set<String> machines = new TreeSet<>();
        for (Element machine : Xml.children(parent, "machine")) {
            machines.add(Xml.text(machine));
            if (machine.hasAttribute("canonical")) {
                machines.add(machine.getAttribute("canonical"));
            }
        }
        return machines;
    }
}
