// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.HypervisorException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemorySnapshotTest {
    @TempDir
    Path directory;

    /** libvirt's own save would end it, and its memory would be in one file of this host. */
    @Test
    void aGuestThatCannotBeKeptIsRefused() throws Exception {
        UUID uuid = UUID.randomUUID();
        SlowLibvirt libvirt = new SlowLibvirt(uuid);
        libvirt.isPaused();
        LibvirtOptions options = LibvirtOptions.defaults().withWorkDirectory(directory);
        try (Calls calls = new Calls(libvirt, options.callDeadline())) {
            MemorySnapshot snapshot = MemorySnapshot.open(
                    new GuestCalls(calls, new Claims(), "guest", uuid), options, List.of("vda"), false);

            assertThatThrownBy(snapshot::preamble)
                    .isInstanceOf(HypervisorException.class)
                    .hasMessageContaining("libvirt cannot save this guest and keep it")
                    .hasMessageContaining("no external snapshots here");

            snapshot.abort();
        }
        assertThat(libvirt.state()).isEqualTo("paused");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void memoryIsTakenAndNoDiskIs() throws Exception {
        String xml = MemorySnapshot.snapshotXml(Path.of("/tmp/it's <a> fifo"), List.of("vda", "sdb"), false);
        assertThat(xml)
                .isEqualTo(
                        "<domainsnapshot><memory snapshot='external' file='/tmp/it&apos;s &lt;a> fifo'/>"
                                + "<disks><disk name='vda' snapshot='no'/><disk name='sdb' snapshot='no'/></disks></domainsnapshot>");
        assertThat(LibvirtXml.parse(xml).getTagName()).isEqualTo("domainsnapshot");
    }

    /** Otherwise libvirt itself would let the guest run again. */
    @Test
    void oneDiskOfARunningGuestIsLeftToUs() {
        assertThat(MemorySnapshot.snapshotXml(Path.of("/tmp/fifo"), List.of("vda", "sdb"), true))
                .contains("<disk name='vda' snapshot='manual'/><disk name='sdb' snapshot='no'/>");
    }
}
