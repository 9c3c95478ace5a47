// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.Notice;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Disks of which the domain XML for other hosts does not tell everything, and disks that are not only the guest's own. */
@Timeout(60)
class DisksAsUsedTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final InMemoryTransport transport = new InMemoryTransport();
    private final byte[] memory = new byte[1_000_000];
    private final byte[] disk = new byte[300_000];
    private HostState state;
    private HostState stateOfA;
    private Path image;
    private Path guests;

    @BeforeEach
    void makeDisk() throws Exception {
        new Random(1).nextBytes(memory);
        new Random(2).nextBytes(disk);
        image = Files.write(directory.resolve("vda.raw"), disk);
        guests = directory.resolve("guests");
        state = HostState.open(directory.resolve("state"));
        stateOfA = HostState.open(directory.resolve("state-of-a"));
    }

    @AfterEach
    void stopBuilding() throws Exception {
        state.images().references().close();
        stateOfA.images().references().close();
    }

    private void start(String inDisk) throws Exception {
        a.start(xml(image, inDisk), memory, true);
    }

    private static String xml(Path file, String inDisk) {
        return Domains.xml("web-1", Domains.disk("vda", file, "raw").replace("</disk>", inDisk + "</disk>"));
    }

    private Migrator migrator() {
        return Migrator.of(a).state(stateOfA).from("web-1").to(transport);
    }

    private SourceReport move(Migrator migrator) throws Exception {
        Migration<SourceReport> sending = migrator.start();
        Receiver.of(b).into(guests).state(state).receive(transport.accept(SOON)).await(SOON);
        return sending.await(SOON);
    }

    private VmmigException refused(Migrator migrator) {
        List<MigrationEvent> events = Collections.synchronizedList(new ArrayList<>());
        VmmigException refused = null;
        try {
            migrator.onEvent(events::add).start().await(SOON);
        } catch (VmmigException e) {
            refused = e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        assertThat(refused).isNotNull();
        assertThat(refused.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        return refused;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<mirror type='file' job='copy'><source file='/srv/copy.raw'/></mirror> | GUEST_BUSY | /srv/copy.raw",
                "<backingStore type='block'><source dev='/dev/sdb'/></backingStore> | DISK_UNSUPPORTED | vda.raw",
            })
    void whatLibvirtReadsOtherwiseIsRefusedBeforeTheGuestStops(String inLive, Problem problem, String named)
            throws Exception {
        start("");
        a.showLive("web-1", xml(image, inLive));

        VmmigException e = refused(migrator());

        assertThat(e.problem()).isEqualTo(problem);
        assertThat(e.getMessage()).contains("vda").contains(named);
    }

    @Test
    void aDiskThatWasPutOnAnotherImageIsNotSentAsTheOldOne() throws Exception {
        start("");
        a.showLive("web-1", xml(directory.resolve("other.raw"), "<backingStore/>"));

        assertThat(refused(migrator()).problem()).isEqualTo(Problem.GUEST_BUSY);
    }

    @Test
    void aChainThatChangesBeforeTheGuestIsPausedIsNotSentAsItWas() throws Exception {
        start("");
        a.showLive("web-1", xml(image, "<backingStore/>"));
        Migration<SourceReport> sending = migrator()
                .onEvent(event -> {
                    if (event instanceof MigrationEvent.PhaseStarted started && started.phase() == Phase.SUSPEND) {
                        a.showLive("web-1", xml(directory.resolve("snapshot.raw"), "<backingStore/>"));
                    }
                })
                .start();
        Migration<DestinationReport> receiving =
                Receiver.of(b).into(guests).state(state).receive(transport.accept(SOON));

        assertThatThrownBy(() -> sending.await(SOON)).isInstanceOfSatisfying(VmmigException.class, e -> {
            assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY);
            assertThat(e.failure().source()).isEqualTo(EndState.RUNS);
        });
        assertThatThrownBy(() -> receiving.await(SOON)).isInstanceOf(VmmigException.class);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(b.guests()).isEmpty();
    }

    @Test
    void aDiskThatBelongsToOtherGuestsAsWellIsRefusedByName() throws Exception {
        start("<shareable/>");

        for (Migrator migrator : List.of(migrator(), migrator().copyingShared("vdb"))) {
            VmmigException e = refused(migrator);
            assertThat(e.problem()).isEqualTo(Problem.DISK_SHARED);
            assertThat(e.getMessage())
                    .contains("vda")
                    .contains(image.toString())
                    .contains("copyingShared(\"vda\")");
        }
    }

    @Test
    void aDiskThatIsSharedForReadingIsNot() throws Exception {
        start("<shareable/><readonly/>");
        state.images().add(image, ImageFormat.RAW);

        assertThat(move(migrator()).summary().notices()).isEmpty();
    }

    @Test
    void itBecomesTheGuestsOwnCopyWhenItsOwnerSaysSo() throws Exception {
        start("<shareable/>");

        SourceReport report = move(migrator().copyingShared("vda", "vdz"));

        assertThat(report.summary().notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.NOT_CARRIED);
            assertThat(notice.subject()).isEqualTo("vda");
            assertThat(notice.text()).contains(image.toString());
        });
        assertThat(image).hasBinaryContent(disk);
        assertThat(guests.resolve("web-1/vda.0.raw")).hasBinaryContent(disk);
        assertThat(b.guest("web-1").domainXml()).doesNotContain("shareable");
    }

    @Test
    void aFileThatAnotherGuestUsesIsSharedWhateverTheXmlSays() throws Exception {
        start("");
        Path link = Files.createSymbolicLink(directory.resolve("link.raw"), image);
        a.start(Domains.xml("other", Domains.disk("vdb", link, "raw")), memory, true);

        VmmigException e = refused(migrator());
        assertThat(e.problem()).isEqualTo(Problem.DISK_SHARED);
        assertThat(e.getMessage()).contains("vda").contains(image.toString()).contains("guest other");

        SourceReport report = move(migrator().copyingShared("vda"));
        assertThat(report.summary().notices()).singleElement().satisfies(notice -> assertThat(notice.text())
                .contains("guest other"));
        assertThat(image).hasBinaryContent(disk);
    }

    @Test
    void thatItCannotBeSeenWhatOthersUseIsInTheReport() throws Exception {
        start("");
        a.fail(InMemoryHypervisor.Step.LOOK_AROUND);

        assertThat(move(migrator()).summary().notices()).anySatisfy(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.INTERFERENCE);
            assertThat(notice.subject()).isEqualTo("web-1");
        });
    }

    /** What is said to be a hole is not read, nor written: here there is something else in the file, which does not arrive. */
    @Test
    void holesAreNotReadAndTakeNoSpace() throws Exception {
        long bytes = 20L << 30;
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        start("");
        a.holes(disk.length / 4096 * 4096L + 4096, bytes - 4096);

        SourceReport report = move(migrator());

        Path arrived = guests.resolve("web-1/vda.0.raw");
        assertThat(Files.size(arrived)).isEqualTo(bytes);
        try (RandomAccessFile file = new RandomAccessFile(arrived.toFile(), "r")) {
            byte[] first = new byte[disk.length];
            file.readFully(first);
            assertThat(first).isEqualTo(disk);
        }
        assertThat(report.summary().packageBytes()).isLessThan(16 << 20);
    }

    /** Also where the file was made by vmmig, and would go with the guest. */
    @Test
    void whatOthersUseIsNotRemovedWhenTheGuestHasMovedOn() throws Exception {
        start("");
        move(migrator());
        Path there = guests.resolve("web-1/vda.0.raw");
        b.remove("web-1");
        b.start(xml(there, "<shareable/>"), memory, true);

        Migrator back = Migrator.of(b).state(state).from("web-1").to(transport).copyingShared("vda");
        Migration<SourceReport> sending = back.start();
        Receiver.of(a)
                .into(directory.resolve("back"))
                .state(stateOfA)
                .receive(transport.accept(SOON))
                .await(SOON);
        sending.await(SOON);

        assertThat(there).hasBinaryContent(disk);
    }
}
