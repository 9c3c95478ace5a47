// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiskOverlaysTest {
    private static final UUID GUEST = UUID.randomUUID();

    static String domain(String... disks) {
        return "<domain type='kvm'><name>guest</name><uuid>" + GUEST + "</uuid><memory>262144</memory><vcpu>1</vcpu>"
                + "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>" + String.join("", disks)
                + "</devices></domain>";
    }

    static String disk(String target, String file, String more) {
        return "<disk type='file'><driver type='raw'/><source file='" + file + "'/><target dev='" + target + "'/>"
                + more + "</disk>";
    }

    private static Optional<String> obstacle(String... disks) throws VmmigException {
        SlowLibvirt libvirt = new SlowLibvirt(GUEST);
        libvirt.runs();
        libvirt.shows(domain(disks));
        try (Calls calls = new Calls(libvirt, Duration.ofSeconds(20))) {
            GuestCalls guest = new GuestCalls(calls, new Claims(), "guest", GUEST);
            return new DiskOverlays(guest, guest, new ArrayList<>()).obstacle();
        }
    }

    @Test
    void disksThatAreNotWrittenOrSharedGetNoOverlay() throws Exception {
        String readOnly = disk("sda", "/srv/cd", "<readonly/>").replace("<disk ", "<disk device='cdrom' ");
        String shared = disk("vdb", "/srv/b", "<shareable/><transient/>");
        assertThat(obstacle(disk("vda", "/srv/a", ""), readOnly, shared)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    <disk device='floppy'><target dev='fda'/></disk>                           | disk fda is a floppy
                    <disk type='block'><source dev='/dev/sdb'/><target dev='vdb'/></disk>      | disk vdb is not a file
                    <disk><source file='/srv/b'/><target dev='vdb'/><transient/></disk>        | disk vdb is transient
                    <disk><driver type='vmdk'/><source file='/b'/><target dev='vdb'/></disk>   | disk vdb reads /b as "vmdk"
                    <disk><source file='/b'><encryption/></source><target dev='vdb'/></disk>   | disk vdb reads /b with <encryption>
                    """)
    void oneOtherDiskIsAnObstacle(String disk, String why) throws Exception {
        assertThat(obstacle(disk("vda", "/srv/a", ""), disk)).contains(why);
    }

    @Test
    void namesEveryDisk() throws Exception {
        String xml = DiskOverlays.snapshotXml(
                new LinkedHashSet<>(List.of("sda", "vda")), Map.of("vda", Path.of("/tmp/it's an <overlay>")));
        assertThat(xml)
                .isEqualTo("<domainsnapshot><disks><disk name='sda' snapshot='no'/>"
                        + "<disk name='vda' snapshot='external'><driver type='qcow2'/>"
                        + "<source file='/tmp/it&apos;s an &lt;overlay>'/></disk></disks></domainsnapshot>");
        assertThat(LibvirtXml.parse(xml).getTagName()).isEqualTo("domainsnapshot");
    }
}
