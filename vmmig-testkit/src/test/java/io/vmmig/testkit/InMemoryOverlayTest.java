// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.qcow2.DiskChain;
import io.vmmig.qcow2.ImageFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an in-memory guest writes to its disk goes to the overlay, and from there to the image below. */
class InMemoryOverlayTest {
    private static final Duration AT_ONCE = Duration.ZERO;
    private static final long VIRTUAL_BYTES = 3_000_320;

    @TempDir
    private Path directory;

    private final InMemoryHypervisor host = new InMemoryHypervisor("host-a");
    private final byte[] disk = new byte[3_000_000];
    private Path image;
    private Path overlay;
    private Map<String, Path> overlays;
    private Guest guest;
    private String definition;

    @BeforeEach
    void startGuest() throws Exception {
        new Random(1).nextBytes(disk);
        image = Files.write(directory.resolve("vda.raw"), disk);
        overlay = directory.resolve("overlay");
        overlays = Map.of("vda", overlay);
        definition = Domains.xml("web-1", Domains.disk("vda", image, "raw"));
        host.start(definition, new byte[1000], true);
        guest = host.guest("web-1");
        assertThat(guest.obstacleToOverlays()).isEmpty();
        ImageFiles.makeOverlay(
                overlay, DiskChain.read(image, ImageFormat.RAW, false).layers().get(0));
    }

    private void write(int at, int length) throws Exception {
        byte[] bytes = new byte[length];
        new Random(at).nextBytes(bytes);
        host.write("web-1", "vda", at, bytes);
        System.arraycopy(bytes, 0, disk, at, length);
    }

    @Test
    void whatIsWrittenIsMerged() throws Exception {
        write(1000, 10);
        assertThat(image).hasBinaryContent(disk);
        byte[] frozen = disk.clone();

        guest.addOverlays(overlays);
        guest.addOverlays(overlays);
        write(60_000, 100_000);
        write(2_999_990, 10);

        assertThat(image).hasBinaryContent(frozen);
        DomainXml.Disk active = new DomainXml.Disk("vda", overlay, ImageFormat.QCOW2, false);
        assertThat(DomainXml.parse(guest.domainXml()).disks()).containsExactly(active);
        assertThat(DomainXml.parse(guest.inventory().definitionXml()).disks()).containsExactly(active);
        assertThat(DiskChain.read(overlay, ImageFormat.QCOW2, false).layers())
                .singleElement()
                .satisfies(layer -> assertThat(layer.virtualBytes()).isEqualTo(VIRTUAL_BYTES));

        guest.mergeOverlays(overlays, AT_ONCE);
        guest.mergeOverlays(overlays, AT_ONCE);

        assertThat(Arrays.mismatch(Files.readAllBytes(image), disk)).isEqualTo(-1);
        assertThat(overlay).doesNotExist();
        assertThat(guest.domainXml()).isEqualTo(definition);
        assertThat(guest.inventory().definitionXml()).isEqualTo(definition);
    }

    @Test
    void anOverlayThatIsNotUsedIsDeleted() throws Exception {
        guest.mergeOverlays(overlays, AT_ONCE);
        assertThat(overlay).doesNotExist();
        assertThat(image).hasBinaryContent(disk);
    }

    @Test
    void theOverlayOfAGuestThatHasEndedStays() throws Exception {
        guest.addOverlays(overlays);
        host.stop("web-1");
        assertThatThrownBy(() -> guest.mergeOverlays(overlays, AT_ONCE))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_NOT_RUNNING));
        assertThat(overlay).exists();
    }
}
