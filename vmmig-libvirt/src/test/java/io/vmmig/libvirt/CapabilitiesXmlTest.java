// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.HypervisorException;
import io.vmmig.hypervisor.HostCapabilities.Emulator;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xml.sax.SAXException;

class CapabilitiesXmlTest {
    @Test
    void theEmulatorsOfARealHostAreFound() throws Exception {
        String xml;
        try (InputStream in = CapabilitiesXmlTest.class.getResourceAsStream("capabilities.xml")) {
            xml = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        List<Emulator> emulators = CapabilitiesXml.emulators(xml);
        assertThat(emulators)
                .extracting(e -> e.architecture() + "/" + e.domainType())
                .containsExactly(
                        "armv6l/qemu",
                        "armv7l/qemu",
                        "aarch64/qemu",
                        "i686/qemu",
                        "i686/kvm",
                        "x86_64/qemu",
                        "x86_64/kvm");
        Emulator x86 = emulators.get(5);
        assertThat(x86.path()).isEqualTo("/usr/bin/qemu-system-x86_64");
        assertThat(x86.machines()).contains("q35", "pc-q35-7.2", "pc", "pc-i440fx-7.2", "pc-q35-6.2");
        assertThat(emulators.get(2).machines()).contains("virt", "virt-7.2");
    }

    @Test
    void aDomainTypeMayHaveItsOwnEmulator() throws Exception {
        List<Emulator> emulators = CapabilitiesXml.emulators(
                """
                <capabilities><guest><arch name='x86_64'>
                  <emulator>/qemu</emulator><machine>pc</machine>
                  <domain type='qemu'/>
                  <domain type='kvm'><emulator>/kvm</emulator><machine canonical='pc-1'>q35</machine></domain>
                </arch></guest></capabilities>
                """);
        assertThat(emulators).extracting(Emulator::path).containsExactly("/qemu", "/kvm");
        assertThat(emulators.get(1).machines()).containsExactlyInAnyOrder("q35", "pc-1");
    }

    @Test
    void documentTypesAreRefused() {
        String xml = "<!DOCTYPE c [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><capabilities>&x;</capabilities>";
        assertThatThrownBy(() -> CapabilitiesXml.emulators(xml))
                .isInstanceOf(HypervisorException.class)
                .hasRootCauseInstanceOf(SAXException.class);
    }
}
