// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.HostCapabilities;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DomainPolicyTest {
    @Test
    void anOrdinaryGuestCanMove() throws Exception {
        assertThat(DomainPolicy.standard().obstaclesOf(DomainXml.parse(Domains.web1())))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<hostdev mode='subsystem' type='pci'/> | DEVICE_CANNOT_MOVE | hostdev",
                "<interface type='user'><model type='virtio'/></interface> | DEVICE_CANNOT_MOVE | slirp",
                "<interface type='direct'/> | DEVICE_CANNOT_MOVE | direct",
                "<tpm model='tpm-crb'/> | DEVICE_CANNOT_MOVE | TPM",
                "<filesystem type='mount'/> | DEVICE_CANNOT_MOVE | file system",
                "<quantumdevice/> | DEVICE_CANNOT_MOVE | quantumdevice",
                "<disk type='network' device='disk'><target dev='vdb'/></disk> | DISK_UNSUPPORTED | network",
                "<disk type='block' device='disk'><target dev='vdb'/></disk> | DISK_UNSUPPORTED | block",
                "<disk type='file'><target dev='vdb'/><encryption/></disk> | DISK_UNSUPPORTED | encrypted",
                "<disk type='file'><target dev='vdb'/><transient/></disk> | DISK_UNSUPPORTED | transient",
                "<serial type='tcp'/> | DEVICE_CANNOT_MOVE | serial",
                "<channel type='unix'><source mode='connect' path='/x'/></channel> | DEVICE_CANNOT_MOVE | channel",
                "<rng model='virtio'><backend model='random'>/etc/shadow</backend></rng> | DEVICE_CANNOT_MOVE | random"
            })
    void namesWhatCannotMove(String device, Problem problem, String words) throws Exception {
        String xml = Domains.web1().replace("</devices>", device + "</devices>");
        List<Obstacle> obstacles = DomainPolicy.standard().obstaclesOf(DomainXml.parse(xml));
        assertThat(obstacles).hasSize(1);
        assertThat(obstacles.get(0).problem()).isEqualTo(problem);
        assertThat(obstacles.get(0).what()).contains(words);
        assertThat(obstacles.get(0).remedy()).isNotBlank();
    }

    @Test
    void commandLinesPastLibvirtCannotMove() throws Exception {
        String xml = Domains.web1()
                .replace(
                        "</domain>",
                        "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
                                + "<qemu:arg value='-s'/></qemu:commandline></domain>");
        assertThat(DomainPolicy.standard().obstaclesOf(DomainXml.parse(xml)))
                .singleElement()
                .satisfies(obstacle -> {
                    assertThat(obstacle.problem()).isEqualTo(Problem.DOMAIN_UNSUPPORTED);
                    assertThat(obstacle.what()).startsWith("/domain/qemu:commandline passes settings to QEMU");
                    assertThat(obstacle.remedy()).contains("virsh edit").doesNotContain("DomainPolicy");
                });
    }

    /** Both ends refuse in the same words, so these hold at either. */
    @Test
    void whoCanAllowItIsTrueAtBothEnds() throws Exception {
        String xml = Domains.web1().replace("</devices>", "<hostdev mode='subsystem' type='pci'/></devices>");
        assertThat(DomainPolicy.standard().obstaclesOf(DomainXml.parse(xml)))
                .singleElement()
                .satisfies(obstacle -> assertThat(obstacle.remedy()).contains("Migrator.policy", "Receiver.policy"));
    }

    @Test
    void firmwareWithVariablesCannotMove() throws Exception {
        String xml = Domains.web1().replace("<kernel>", "<nvram>/x.fd</nvram><kernel>");
        assertThat(DomainPolicy.standard().obstaclesOf(DomainXml.parse(xml)))
                .extracting(Obstacle::problem)
                .containsExactly(Problem.DEVICE_CANNOT_MOVE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"virt-install-spice", "windows-vnc", "aarch64-libvirt-11"})
    void whatManagementToolsMakeCanMoveWithoutAPathOfItsOwn(String sample) throws Exception {
        DomainXml saved = DomainXml.parse(Domains.resource("samples/" + sample + ".xml"));
        assertThat(DomainPolicy.standard().obstaclesOf(saved)).isEmpty();

        HostCapabilities host = Domains.hostFor(saved.architecture(), saved.domainType(), saved.machine());
        Map<String, Path> disks =
                saved.disks().stream().collect(toMap(DomainXml.Disk::target, disk -> Path.of("/vm/" + disk.target())));
        GuestFiles files = new GuestFiles(Path.of("/vm"), disks, Path.of("/vm/kernel"), Path.of("/vm/ramdisk"));
        DomainSettings settings = DomainSettings.asSaved().keepingNetworks();
        AdaptedDomain adapted = new DomainAdapter(host, settings, files).adapt(saved);

        String text = adapted.domain().text();
        assertThat(pathsIn(text))
                .allMatch(path ->
                        path.startsWith("/vm/") || path.equals("/opt/qemu/bin/qemu") || path.equals("/dev/urandom"));
        assertThat(text)
                .doesNotContain("secret-of-the-source", "<metadata>", "seclabel", "vnet", "0.0.0.0", "127.0.0.1");
        assertThat(adapted.changes().toString()).doesNotContain("secret-of-the-source");
        assertThat(DomainPolicy.standard().obstaclesOf(adapted.domain())).isEmpty();
        assertThat(DomainXml.parse(text).disks()).allSatisfy(disk -> assertThat(text)
                .contains("type=\"" + disk.format().word() + "\""));
    }

    /** All absolute paths, but for those on the guest's own command line. */
    private static List<String> pathsIn(String xml) {
        return Pattern.compile("[>\"](/[^<>\"]+)")
                .matcher(xml)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    @Test
    void everyDiskHasItsFormatSoThatNobodyGuessesIt() throws Exception {
        String xml = Domains.web1().replace("<driver name='qemu' type='qcow2'/>", "");
        DomainXml adapted = new DomainAdapter(
                        Domains.host("pc-q35-7.2"), DomainSettings.asSaved().keepingNetworks(), Domains.files("/vm"))
                .adapt(DomainXml.parse(xml))
                .domain();
        assertThat(adapted.text()).contains("<driver name=\"qemu\" type=\"raw\"/>");
    }

    @Test
    void interfacesGoWhereTheDestinationSays() {
        assertThatThrownBy(() -> new DomainAdapter(
                                Domains.host("pc-q35-7.2"), DomainSettings.asSaved(), Domains.files("/vm"))
                        .adapt(DomainXml.parse(Domains.web1())))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.DEVICE_CANNOT_MOVE))
                .hasMessageContaining("52:54:00:aa:bb:cc");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<metadata/> | <launchSecurity type='sev'/><metadata/> | DOMAIN_UNSUPPORTED | Encrypted memory",
                "<metadata/> | <novelty/> | DOMAIN_UNSUPPORTED | /domain/novelty",
                "<metadata/> | <memoryBacking><locked/></memoryBacking> | DOMAIN_UNSUPPORTED | Locked",
                "<metadata/> | <blkiotune><device><path>/dev/sda</path></device></blkiotune> | DOMAIN_UNSUPPORTED | host",
                "<metadata/> | <cputune><vcpusched vcpus='0' scheduler='fifo'/></cputune> | DOMAIN_UNSUPPORTED | Real time",
                "<metadata/> | <sysinfo type='fwcfg'><entry name='opt/x' file='/etc/shadow'/></sysinfo> | DOMAIN_UNSUPPORTED | fwcfg",
                "<on_crash>destroy | <on_crash>coredump-destroy | DOMAIN_UNSUPPORTED | memory",
                "<boot dev='hd'/> | <loader>/etc/shadow</loader> | DEVICE_CANNOT_MOVE | Firmware",
                "<boot dev='hd'/> | <dtb>/etc/shadow</dtb> | DOMAIN_UNSUPPORTED | file",
                "<boot dev='hd'/> | <acpi><table type='slic'>/etc/shadow</table></acpi> | DOMAIN_UNSUPPORTED | file",
                "<boot dev='hd'/> | <smbios mode='host'/> | DOMAIN_UNSUPPORTED | serial numbers",
                "<clock offset='utc'/> | <clock offset='timezone' timezone='/etc/shadow'/> | DOMAIN_UNSUPPORTED | time zone",
                "<input type='mouse' | <input type='passthrough' | DEVICE_CANNOT_MOVE | passthrough",
                "<input type='mouse' bus='ps2'/> | <input type='evdev'><source dev='/dev/input/event0'/></input> | DEVICE_CANNOT_MOVE | evdev",
                "<model type='cirrus' | <model type='virtio' rendernode='/dev/dri/renderD128' | DEVICE_CANNOT_MOVE | rendernode",
                "<graphics type='vnc' | <graphics type='sdl' xauth='/root/.Xauthority' | DEVICE_CANNOT_MOVE | graphics",
                "<model type='virtio'/> | <model type='virtio'/><script path='/bin/sh'/> | DEVICE_CANNOT_MOVE | script",
                "<model type='virtio'/> | <backend tap='/dev/net/tun' vhost='/dev/vhost-net'/> | DEVICE_CANNOT_MOVE | backend",
                "<model type='virtio'/> | <model type='virtio'/><vlan><tag id='7'/></vlan> | DEVICE_CANNOT_MOVE | vlan",
                "<model type='virtio'/> | <rom file='/etc/shadow'/> | DEVICE_CANNOT_MOVE | rom",
                "<target dev='vda' bus='virtio'/> | <source file='/etc/shadow'/><target dev='vda' bus='virtio'/> | DISK_UNSUPPORTED | twice",
                "<target dev='vda' bus='virtio'/> | <driver name='qemu' type='raw'/><target dev='vda'/> | DISK_UNSUPPORTED | twice",
                "<target dev='vda' bus='virtio'/> | <target dev='vda'/><auth username='x'/> | DISK_UNSUPPORTED | auth",
                "<disk type='file' | <disk type='vhostuser' | DISK_UNSUPPORTED | vhostuser",
                "<disk type='file' | <disk rawio='yes' type='file' | DISK_UNSUPPORTED | rawio",
                "<serial type='file'> | <serial type='pipe'> | DEVICE_CANNOT_MOVE | pipe",
                "<memballoon model='virtio'> | <smartcard mode='host'/><memballoon model='virtio'> | DEVICE_CANNOT_MOVE | smartcard",
                "<domain type='qemu'> | <domain type='lxc'> | DOMAIN_UNSUPPORTED | lxc",
            })
    void refusesByNameWhatIsNotOnTheList(String from, String to, Problem problem, String words) throws Exception {
        String xml = Domains.web1().replace("<clock", "<metadata/><clock").replaceFirst(Pattern.quote(from), to);
        assertThat(xml).contains(to);
        List<Obstacle> obstacles = DomainPolicy.standard().obstaclesOf(DomainXml.parse(xml));
        assertThat(obstacles).extracting(Obstacle::problem).containsExactly(problem);
        assertThat(obstacles.get(0).what()).contains(words);
    }

    @Test
    void programsAllowMore() throws Exception {
        String xml = Domains.web1()
                .replace(
                        "</devices>",
                        "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"
                                + "<watchdog model='itco' action='dump'/></devices>");
        DomainPolicy policy = DomainPolicy.standard()
                .allowing("/domain/devices/watchdog", "action")
                .allowing("/domain/devices/tpm", "model")
                .allowing("/domain/devices/tpm/backend", "type", "version");
        assertThat(policy.obstaclesOf(DomainXml.parse(xml))).isEmpty();
        assertThat(DomainPolicy.standard().obstaclesOf(DomainXml.parse(xml))).hasSize(2);
        String withPath = xml.replace("version='2.0'", "version='/etc/shadow'");
        assertThat(policy.obstaclesOf(DomainXml.parse(withPath))).hasSize(1);
        assertThatThrownBy(() -> policy.allowing("devices/tpm")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void cookiesAreWrittenAnewFromWhatIsAllowed() throws Exception {
        DomainPolicy policy = DomainPolicy.standard();
        String cookie = policy.cookie("<cookie><!-- x --><cpu mode='custom' match='exact' check='full'>"
                + "<model fallback='forbid'>qemu64</model><feature policy='require' name='lahf_lm'/></cpu>"
                + "<slirpHelper/></cookie>");
        assertThat(cookie).contains("lahf_lm", "slirpHelper").doesNotContain("!--");
        assertThat(policy.cookie("<cookie/>")).isEqualTo("<cookie/>");
        for (String bad : List.of(
                "",
                "<domain/>",
                "<cookie><novelty/></cookie>",
                "<cookie><cpu path='/etc/shadow'/></cookie>",
                "<cookie>text</cookie>",
                "<!DOCTYPE cookie [<!ENTITY x 'y'>]><cookie>&x;</cookie>")) {
            assertThatThrownBy(() -> policy.cookie(bad))
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.DOMAIN_UNSUPPORTED));
        }
    }

    @Test
    void boundsWhatIsParsed() {
        String deep = "<a>".repeat(100_000) + "</a>".repeat(100_000);
        String many = "<domain>" + "<a/>".repeat(200_000) + "</domain>";
        StringBuilder wide = new StringBuilder("<domain");
        for (int i = 0; i < 5_000; i++) {
            wide.append(" a").append(i).append("=''");
        }
        for (String xml : List.of(deep, many, wide + "/>", "<?xml version='1.1'?>" + "<domain/>")) {
            assertThatThrownBy(() -> DomainXml.parse(xml))
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.DOMAIN_UNSUPPORTED));
        }
    }

    /** To change the page, change standard-policy.txt and copy what this test says. */
    @Test
    void theDocumentedTableIsTheOneInForce() throws Exception {
        Path page = Path.of("..", "docs", "domain-policy.md");
        assertThat(Files.readString(page)).isEqualTo(PolicyPage.of(Files.readString(page)));
    }
}
