// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import java.util.UUID;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DomainAdapterTest {
    private static AdaptedDomain adapt(DomainSettings settings) throws VmmigException {
        return adapt(Domains.web1(), settings.keepingNetworks());
    }

    private static AdaptedDomain adapt(String xml, DomainSettings settings) throws VmmigException {
        return new DomainAdapter(Domains.host("pc-q35-7.2"), settings, Domains.files("/vm/web-1"))
                .adapt(DomainXml.parse(xml));
    }

    private static AbstractThrowableAssert<?, ?> assertRefused(Problem problem, DomainSettings settings) {
        return assertThatThrownBy(() -> adapt(settings))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(problem));
    }

    @Test
    void choosesEveryPath() throws Exception {
        AdaptedDomain adapted = adapt(DomainSettings.asSaved());

        assertThat(adapted.domain().text())
                .doesNotContain("/srv/")
                .doesNotContain("/usr/bin/qemu")
                .contains("<emulator>/opt/qemu/bin/qemu</emulator>")
                .contains("/vm/web-1/vda.0.qcow2")
                .contains("/vm/web-1/kernel")
                .contains("/vm/web-1/ramdisk")
                .contains("path=\"/vm/web-1/channel-io.vmmig.lab.1.sock\"");
        assertThat(adapted.domain().text().split("path=\"/vm/web-1/serial-0.log\"", -1))
                .as("the serial port and the console that mirrors it agree")
                .hasSize(3);
    }

    @Test
    void accountsForEveryChange() throws Exception {
        assertThat(adapt(DomainSettings.asSaved().named("web-2")).changes())
                .extracting(DomainChange::where)
                .containsExactly(
                        "name",
                        "kernel",
                        "initrd",
                        "emulator",
                        "disk vda source",
                        "serial 0 file",
                        "channel io.vmmig.lab.1 socket",
                        "resource",
                        "seclabel");
    }

    @Test
    void leavesSocketsThatLibvirtNamesToLibvirt() throws Exception {
        assertThat(adapt(DomainSettings.asSaved()).domain().text()).doesNotContain("lab.0.sock");
    }

    @Test
    void givesTheGuestAnotherIdentity() throws Exception {
        UUID uuid = UUID.randomUUID();
        DomainXml domain =
                adapt(DomainSettings.asSaved().named("web-2").withUuid(uuid)).domain();
        assertThat(domain.name()).isEqualTo("web-2");
        assertThat(domain.uuid()).isEqualTo(uuid);
    }

    @Test
    void followsTheSettings() throws Exception {
        String text = adapt(DomainSettings.asSaved()
                        .serialAt(0, Path.of("/log/web-1"))
                        .channelAt("io.vmmig.lab.0", Path.of("/run/a.sock"))
                        .network("default", "dmz")
                        .kernelAt(Path.of("/boot/k"))
                        .emulatedBy(Path.of("/usr/local/bin/qemu")))
                .domain()
                .text();
        assertThat(text)
                .contains("/log/web-1", "/run/a.sock", "network=\"dmz\"", "<kernel>/boot/k<", "/usr/local/bin/qemu")
                .doesNotContain("portid", "virbr0", "vnet0");
    }

    @Test
    void refusesSocketPathsThatTheKernelWouldCutOff() throws Exception {
        Path socket = Path.of("/" + "x".repeat(120));
        assertRefused(Problem.REQUEST_INVALID, DomainSettings.asSaved().channelAt("io.vmmig.lab.1", socket));
    }

    @Test
    void refusesAHostWithoutTheMachineType() {
        assertThatThrownBy(() -> new DomainAdapter(
                                Domains.host("pc-q35-5.0"), DomainSettings.asSaved(), Domains.files("/vm"))
                        .adapt(DomainXml.parse(Domains.web1())))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.MACHINE_UNSUPPORTED))
                .hasMessageContaining("pc-q35-7.2")
                .hasMessageContaining("as new as the source's");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pc-q35-rhel9.4.0", "pc-i440fx-jammy", "pc-q35-focal-hpb", "ubuntu"})
    void aMachineTypeOfADistributionIsNamedAsThat(String machine) {
        assertThatThrownBy(() ->
                        adapt(Domains.web1().replace("'pc-q35-7.2'", "'" + machine + "'"), DomainSettings.asSaved()))
                .hasMessageContaining("does not know the machine type " + machine)
                .hasMessageContaining("one distribution")
                .hasMessageContaining("virsh edit");
    }

    @Test
    void refusesAHostWithoutTheArchitecture() {
        assertThatThrownBy(() -> adapt(Domains.web1().replace("'x86_64'", "'s390x'"), DomainSettings.asSaved()))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.ARCHITECTURE_UNSUPPORTED))
                .hasMessageContaining("s390x");
    }

    @Test
    void refusesByNameWhatQemuWouldRefuse() {
        assertEditRefused("pc-q35-7.2", "pc-q35-7.1", "machine type pc-q35-7.2");
        assertEditRefused("262144</memory>", "524288</memory>", "memory of 536870912 bytes");
        assertEditRefused("<vcpu placement=\"static\">1<", "<vcpu placement=\"static\">2<", "number of vcpus 2");
        assertEditRefused("bus=\"0x03\"", "bus=\"0x06\"", "disk vda virtio");
        assertEditRefused("<input bus=\"ps2\" type=\"mouse\"/>", "", "device input");
    }

    private static void assertEditRefused(String from, String to, String name) {
        assertRefused(Problem.DOMAIN_CHANGE_IMPOSSIBLE, DomainSettings.asSaved().editedBy(xml -> {
                    assertThat(xml).contains(from);
                    return xml.replace(from, to);
                }))
                .hasMessageContaining(name);
    }

    @Test
    void takesEditsThatTheGuestDoesNotSee() throws Exception {
        DomainSettings settings =
                DomainSettings.asSaved().editedBy(xml -> xml.replace("<on_crash>destroy<", "<on_crash>preserve<"));
        assertThat(adapt(settings).domain().text()).contains("preserve");
    }
}
