// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.MigrationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest's base images, kernel and ramdisk: who has them already is found to have them, and who has not is told or given them. */
@Tag("once")
@Timeout(60)
class ContentThatStaysTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    private final InMemoryTransport transport = new InMemoryTransport();
    private final byte[] memory = new byte[1_000_000];
    private Host a;
    private Host b;
    private Path iso;
    private Path kernel;
    private Path ramdisk;

    private record Host(InMemoryHypervisor hypervisor, Path directory, HostState state) {
        static Host in(Path directory) throws Exception {
            return new Host(
                    new InMemoryHypervisor(directory.getFileName().toString()),
                    directory,
                    HostState.open(directory.resolve("state")));
        }

        DomainXml guest() throws VmmigException {
            return DomainXml.parse(hypervisor.guest("web-1").domainXml());
        }
    }

    @BeforeEach
    void startGuest() throws Exception {
        a = Host.in(directory.resolve("a"));
        b = Host.in(directory.resolve("b"));
        new Random(1).nextBytes(memory);
        Path disk = file("vda.raw", 100_000, 2);
        iso = file("installer.iso", 3_000_000, 3);
        kernel = file("kernel", 2_000_000, 4);
        ramdisk = file("ramdisk", 2_000_000, 5);
        String devices = Domains.disk("vda", disk, "raw") + cdrom(iso);
        String xml = Domains.xml("web-1", devices)
                .replace("</os>", "<kernel>" + kernel + "</kernel><initrd>" + ramdisk + "</initrd></os>");
        a.hypervisor().start(xml, memory, true);
    }

    private Path file(String name, int bytes, long seed) throws Exception {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return Files.write(directory.resolve(name), content).toRealPath();
    }

    private static String cdrom(Path file) {
        return "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='" + file
                + "'/><target dev='sda' bus='sata'/><readonly/></disk>";
    }

    @AfterEach
    void stopBuilding() throws Exception {
        a.state().images().references().close();
        b.state().images().references().close();
    }

    private static Migrator from(Host host) {
        return Migrator.of(host.hypervisor()).from("web-1").state(host.state());
    }

    private SourceReport move(Migrator migrator, Host to) throws Exception {
        Migration<SourceReport> sending = migrator.to(transport).start();
        Migration<DestinationReport> receiving = Receiver.of(to.hypervisor())
                .into(to.directory().resolve("guests"))
                .state(to.state())
                .receive(transport.accept(SOON));
        try {
            return sending.await(SOON);
        } finally {
            try {
                receiving.await(SOON);
            } catch (VmmigException e) {
                assertThat(to.hypervisor().guests()).extracting("name").doesNotContain("web-1");
            }
        }
    }

    private VmmigException refused(Migrator migrator, Host to) throws Exception {
        try {
            move(migrator, to);
        } catch (VmmigException e) {
            return e;
        }
        throw new AssertionError("the migration went well");
    }

    private static List<String> contents(MigrationReport report) {
        return report.summary().contents().stream()
                .map(PackageSummary.Content::name)
                .toList();
    }

    private static Path cdromOf(DomainXml domain) throws VmmigException {
        return domain.disks().stream()
                .filter(disk -> disk.target().equals("sda"))
                .findFirst()
                .orElseThrow()
                .file();
    }

    /** Nobody has added anything at the host that it comes from, whose files are all still there. */
    @Test
    void aGuestThatComesBackFindsItsFilesWhereTheyWere() throws Exception {
        b.state().images().add(iso, ImageFormat.RAW);
        assertThat(contents(move(from(a), b))).contains("kernel", "ramdisk");

        SourceReport back = move(from(b), a);

        assertThat(a.hypervisor().stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(a.hypervisor().memoryOf("web-1").orElseThrow()).isEqualTo(memory);
        assertThat(contents(back)).doesNotContain("kernel", "ramdisk");
        assertThat(a.guest().kernel()).contains(kernel);
        assertThat(a.guest().ramdisk()).contains(ramdisk);
        assertThat(cdromOf(a.guest())).isEqualTo(iso);

        assertThat(contents(move(from(a), b)))
                .as("b has kept the kernel, though its file has gone with the guest")
                .doesNotContain("kernel", "ramdisk");
        assertThat(Files.mismatch(b.guest().kernel().orElseThrow(), kernel)).isEqualTo(-1);
    }

    @Test
    void baseImagesThatAreIncludedComeAlongAndNeedNotGoBack() throws Exception {
        SourceReport there = move(from(a).withBaseImages(), b);

        Path come = cdromOf(b.guest());
        assertThat(come).startsWith(b.directory()).hasSameBinaryContentAs(iso);
        assertThat(contents(there)).anyMatch(name -> name.startsWith("bases/"));
        assertThat(there.summary().references()).isEmpty();

        SourceReport back = move(from(b), a);

        assertThat(cdromOf(a.guest())).isEqualTo(iso);
        assertThat(back.summary().packageBytes()).isLessThan(there.summary().packageBytes() / 2);
        SourceReport again = move(from(a), b);
        assertThat(cdromOf(b.guest())).hasSameBinaryContentAs(iso);
        assertThat(contents(again)).noneMatch(name -> name.startsWith("bases/"));
    }

    @Test
    void whatTheDestinationHasIsNotSentThoughItIsIncluded() throws Exception {
        b.state().images().add(iso, ImageFormat.RAW);
        SourceReport report = move(from(a).withBaseImages(), b);
        assertThat(contents(report)).noneMatch(name -> name.startsWith("bases/"));
        assertThat(report.summary().references()).isEmpty();
    }

    @Test
    void aMissingBaseImageIsNamedWithItsDiskAndItsPathAtTheSource() throws Exception {
        VmmigException e = refused(from(a), b);
        assertThat(e.problem()).isEqualTo(Problem.BASE_IMAGE_MISSING);
        assertThat(e.getMessage())
                .contains("disk sda")
                .contains("(at the source \"" + iso + "\") is a raw image")
                .contains(digest(iso).toString())
                .contains("withBaseImages")
                .contains("--eject");
        assertThat(e.getMessage().split(Pattern.quote(iso.toString()), -1))
                .as("said once")
                .hasSize(2);
        assertThat(a.hypervisor().stateOf("web-1")).contains(GuestState.RUNNING);
    }

    /** The destination knows the overlay's path, but not that of the image below it. */
    @Test
    void aMissingBaseImageBelowAnOverlayIsNamedWithItsPathAtTheSource() throws Exception {
        Path base = file("base.raw", 1 << 20, 6);
        Path overlay = Files.write(directory.resolve("vda.qcow2"), overlay(base));
        a.hypervisor().start(Domains.xml("web-2", Domains.disk("vda", overlay, "qcow2")), memory, true);

        VmmigException e = refused(from(a).from("web-2"), b);

        assertThat(e.problem()).isEqualTo(Problem.BASE_IMAGE_MISSING);
        assertThat(e).hasMessageContaining("that of disk vda is " + base + " at the source");
    }

    /** An empty qcow2 image of 1 MiB: its header, reference counts (a table and a block) and an L1 table, in clusters of 4 KiB. */
    private static byte[] overlay(Path base) {
        byte[] name = base.toString().getBytes(StandardCharsets.UTF_8);
        byte[] format = "raw".getBytes(StandardCharsets.UTF_8);
        int cluster = 4096;
        ByteBuffer image = ByteBuffer.allocate(4 * cluster);
        image.putInt(0, 0x514649fb)
                .putInt(4, 3)
                .putLong(8, 512)
                .putInt(16, name.length)
                .putInt(20, 12);
        image.putLong(24, 1 << 20)
                .putInt(36, 1)
                .putLong(40, 3L * cluster)
                .putLong(48, cluster)
                .putInt(56, 1);
        image.putInt(96, 4).putInt(100, 104);
        image.putInt(104, 0xe2792aca)
                .putInt(108, format.length)
                .put(112, format)
                .put(512, name);
        image.putLong(cluster, 2L * cluster);
        for (int i = 0; i < 4; i++) {
            image.putShort(2 * cluster + 2 * i, (short) 1);
        }
        return image.array();
    }

    /** QEMU has it open, so the guest does not notice. */
    @Test
    void aMediumWhoseFileIsGoneIsNamedWithItsDriveAndTheCure() throws Exception {
        Files.delete(iso);
        Migration<SourceReport> sending = from(a).to(transport).start();
        VmmigException e = catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        assertThat(e.problem()).isEqualTo(Problem.FILE_FAILED);
        assertThat(e.getMessage())
                .contains("disk sda of the guest")
                .contains("there is no file " + iso)
                .contains("virsh change-media web-1 sda --eject");
        assertThat(a.hypervisor().stateOf("web-1")).contains(GuestState.RUNNING);
    }

    @Test
    void aFileThatHasChangedIsNotUsed() throws Exception {
        b.state().images().add(iso, ImageFormat.RAW);
        move(from(a), b);
        Files.write(iso, new byte[3_000_000]);
        Files.write(kernel, new byte[2_000_000]);

        VmmigException e = refused(from(b), a);

        assertThat(e.problem()).isEqualTo(Problem.BASE_IMAGE_MISSING);
        assertThat(e.getMessage()).contains(iso.toString()).contains("changed");
        assertThat(b.hypervisor().stateOf("web-1")).contains(GuestState.RUNNING);

        SourceReport back = move(from(b).withBaseImages(), a);
        assertThat(contents(back)).contains("kernel").doesNotContain("ramdisk");
    }

    /** Its content is right now, and nobody knows what it is in a second. */
    @Test
    void aFileThatAnotherGuestWritesToIsNotUsed() throws Exception {
        b.state().images().add(iso, ImageFormat.RAW);
        move(from(a), b);
        a.hypervisor().start(Domains.xml("other", Domains.disk("vda", iso, "raw")), new byte[1], false);

        VmmigException e = refused(from(b), a);

        assertThat(e.problem()).isEqualTo(Problem.BASE_IMAGE_MISSING);
        assertThat(e.getMessage()).contains(iso.toString()).contains("guest other");
        assertThat(b.hypervisor().stateOf("web-1")).contains(GuestState.RUNNING);
    }

    @Test
    void aBaseImageThatCameGoesIfTheMoveFails() throws Exception {
        b.hypervisor().fail(InMemoryHypervisor.Step.RESTORE);
        refused(from(a).withBaseImages(), b);
        assertThat(a.hypervisor().stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(b.directory().resolve("guests/web-1")).doesNotExist();
    }

    private static Digest digest(Path file) throws Exception {
        return Digest.of(Files.readAllBytes(file));
    }
}
