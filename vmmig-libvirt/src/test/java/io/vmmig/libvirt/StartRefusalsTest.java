// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.LibvirtError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What libvirt and QEMU say when they cannot start a guest, and what is made of it. */
class StartRefusalsTest {
    private static final String XML =
            """
            <domain><name>web-1</name><devices>
            <interface type='user'/>
            <interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br7'/><filterref filter='only-at-a'/></interface>
            <interface type='network'><mac address='52:54:00:00:00:02'/><source network='lan'/></interface>
            <interface type='direct'><mac address='52:54:00:00:00:03'/><source dev='eth9' mode='bridge'/></interface>
            </devices></domain>
            """;

    private static VmmigException explained(String words) {
        VmmigException failed = Errors.of(new LibvirtError(38, words), "restore web-1");
        return StartRefusals.explained(failed, XML, "web-1", "/e/log/qemu/web-1.log");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            textBlock =
                    """
Cannot get interface MTU on 'br7': No such device | RESOURCE_MISSING | no bridge br7, which interface 52:54:00:00:00:01 (/domain/devices/interface[2]/source/@bridge) | DomainSettings.bridge
Unable to add bridge br7 port vnet0: No such device | RESOURCE_MISSING | no bridge br7 | ip link add br7
Network not found: no network with matching name 'lan' | RESOURCE_MISSING | no network lan, which interface 52:54:00:00:00:02 (/domain/devices/interface[3]/source/@network) | net-define
Requested operation is not valid: network 'lan' is not active | RESOURCE_MISSING | network lan, which interface 52:54:00:00:00:02 | net-start lan
internal error: referenced filter 'only-at-a' is missing | RESOURCE_MISSING | no network filter only-at-a, which interface 52:54:00:00:00:01 (/domain/devices/interface[2]/filterref/@filter) | nwfilter-define
Network filter not found: no nwfilter with matching name 'only-at-a' | RESOURCE_MISSING | no network filter only-at-a | nwfilter-define
Cannot get interface index on 'eth9': No such device | RESOURCE_MISSING | no network device eth9, which interface 52:54:00:00:00:03 | another
operation failed: unable to find any master var store for loader: /usr/share/OVMF/OVMF_CODE.fd | RESOURCE_MISSING | no firmware for the guest: /usr/share/OVMF/OVMF_CODE.fd | ovmf
operation failed: Unable to find any firmware to satisfy 'efi' | RESOURCE_MISSING | no firmware | ovmf
unsupported configuration: guest and host CPU are not compatible: Host CPU does not provide required features: svm, xop | RESOURCE_MISSING | lacks features that the guest uses: svm, xop | CPU model
operation failed: guest CPU doesn't match specification: missing features: pcid | RESOURCE_MISSING | lacks features that the guest uses: pcid | CPU model
internal error: Unknown CPU model Foo-v9 | RESOURCE_MISSING | its CPU Foo-v9 | CPU model
internal error: qemu unexpectedly closed the monitor: -chardev socket: Failed to bind socket: Address already in use | RESOURCE_MISSING | is in use there | Free it
internal error: Unable to find an unused port in range 'vnc' (5900-65535) | RESOURCE_MISSING | all ports for displays (vnc) | qemu.conf
internal error: process exited while connecting to monitor: Failed to get "write" lock | DISK_IN_USE | in use there | Find out what uses it
Cannot access storage file '/images/base.qcow2': No such file or directory | FILE_FAILED | cannot open /images/base.qcow2 | QEMU's user
internal error: cannot set up guest memory 'pc.ram': Cannot allocate memory | MEMORY_INSUFFICIENT | not enough memory | Free
Cannot check QEMU binary /usr/bin/qemu-x: No such file or directory | ARCHITECTURE_UNSUPPORTED | emulator /usr/bin/qemu-x | emulatedBy
internal error: unsupported machine type 'pc-q35-99.0' | MACHINE_UNSUPPORTED | machine type pc-q35-99.0 | QEMU
something that nobody has seen before | HYPERVISOR_FAILED | libvirt cannot start web-1 | /e/log/qemu/web-1.log
""")
    void saysWhatItIsAndWhatCanBeDone(String words, Problem problem, String what, String remedy) {
        VmmigException explained = explained(words);
        assertThat(explained.problem()).isEqualTo(problem);
        assertThat(explained.failure().what()).contains(what).contains(words);
        assertThat(explained.failure().remedy()).contains(remedy);
    }

    @Test
    void whatLibvirtHadNoSayInStaysAsItIs() {
        VmmigException timeout = Errors.timeout("restore web-1", java.time.Duration.ofSeconds(1));
        assertThat(StartRefusals.explained(timeout, XML, "web-1", "")).isSameAs(timeout);
    }
}
