// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.domain.DomainSettings;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.Notice;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A backup can be restored where it was made without more, says what it needs elsewhere, and can hold all of that. */
@Tag("once")
@Timeout(60)
class CompletePackageTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    private final List<HostState> states = new ArrayList<>();
    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private HostState here;
    private Path iso;
    private Path file;

    @BeforeEach
    void startGuest() throws Exception {
        here = state("here");
        file = directory.resolve("web-1.vmmig");
        Path disk = Files.write(directory.resolve("vda.raw"), random(100_000, 2));
        iso = Files.write(directory.resolve("installer.iso"), random(2_000_000, 3))
                .toRealPath();
        a.start(
                "<domain type='qemu'><name>web-1</name><uuid>" + new UUID(1, 2) + "</uuid>"
                        + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
                        + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
                        + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
                        + "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='" + disk
                        + "'/><target dev='vda' bus='virtio'/></disk>"
                        + "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='" + iso
                        + "'/><target dev='sda' bus='sata'/><readonly/></disk></devices></domain>",
                random(40_000, 1),
                true);
    }

    @AfterEach
    void stopBuilding() throws Exception {
        for (HostState state : states) {
            state.images().references().close();
        }
    }

    private HostState state(String name) throws Exception {
        HostState state = HostState.open(directory.resolve(name));
        states.add(state);
        return state;
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private Migrator packing(Path to, Path... upon) throws Exception {
        return Migrator.of(a).from("web-1").state(here).to(packageFile(to, upon));
    }

    private static PackageFile packageFile(Path file, Path... upon) throws Exception {
        PackageFile packageFile = PackageFile.at(file).unsealed();
        for (Path earlier : upon) {
            packageFile = packageFile.upon(earlier);
        }
        return packageFile;
    }

    private DestinationReport restore(InMemoryHypervisor host, HostState state, Path from, Path... upon)
            throws Exception {
        return Receiver.of(host)
                .acceptingUnsigned()
                .into(directory.resolve("guests"))
                .state(state)
                .as(DomainSettings.asSaved().named("web-2").withNewUuid())
                .restore(packageFile(from, upon).open())
                .await(SOON);
    }

    private static Path cdromOf(InMemoryHypervisor host) throws VmmigException {
        return DomainXml.parse(host.guest("web-2").domainXml()).disks().get(1).file();
    }

    @Test
    void aBackupOfAGuestWithACdromIsRestoredOnItsHostWithoutMore() throws Exception {
        packing(file).start().await(SOON);
        restore(a, here, file);
        assertThat(cdromOf(a)).isEqualTo(iso);
    }

    @Test
    void whatABackupNeedsIsNamedWhenItIsMade() throws Exception {
        List<MigrationEvent> events = Collections.synchronizedList(new ArrayList<>());
        SourceReport report = packing(file).onEvent(events::add).start().await(SOON);
        assertThat(report.summary().notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.CONTENT_NEEDED);
            assertThat(notice.subject()).isEqualTo(iso.toString());
            assertThat(notice.text())
                    .contains("disk sda")
                    .contains(report.summary().references().get(0).toString());
            assertThat(notice.remedy()).contains("withBaseImages");
        });
        assertThat(events)
                .filteredOn(MigrationEvent.Noticed.class::isInstance)
                .as("before the guest is paused")
                .isNotEmpty();

        VmmigException e = catchThrowableOfType(VmmigException.class, () -> restore(b, state("elsewhere"), file));
        assertThat(e.problem()).isEqualTo(Problem.BASE_IMAGE_MISSING);
        assertThat(e.getMessage())
                .contains("disk sda (at the source \"" + iso + "\")")
                .contains(report.summary().references().get(0).toString());
    }

    @Test
    void aPackageWithItsBaseImagesIsRestoredAnywhere() throws Exception {
        SourceReport report = packing(file).withBaseImages().start().await(SOON);
        assertThat(report.summary().notices()).isEmpty();
        assertThat(report.summary().references()).isEmpty();

        restore(b, state("elsewhere"), file);

        assertThat(cdromOf(b)).startsWith(directory.resolve("guests")).hasSameBinaryContentAs(iso);
    }

    @Test
    void changesLeaveOutABaseImageThatAnEarlierPackageHolds() throws Exception {
        packing(file).withBaseImages().start().await(SOON);
        Path changes = directory.resolve("monday.vmmig");
        SourceReport report = packing(changes, file).withBaseImages().start().await(SOON);
        assertThat(report.summary().notices()).extracting(Notice::kind).containsOnly(Notice.Kind.CONTENT_NEEDED);
        assertThat(Files.size(changes)).isLessThan(Files.size(file) / 10);

        HostState elsewhere = state("elsewhere");
        VmmigException e = catchThrowableOfType(VmmigException.class, () -> restore(b, elsewhere, changes));
        assertThat(e.problem()).isEqualTo(Problem.REFERENCE_MISSING);
        restore(b, elsewhere, changes, file);
        assertThat(cdromOf(b)).hasSameBinaryContentAs(iso);
    }
}
