// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.report.Strategy;
import io.vmmig.state.HostState;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A live migration sends the memory of a guest that runs, pauses it late, and leaves it running whatever fails. */
@Timeout(60)
@Tag("once")
class LiveTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int RAM_BYTES = 16 << 20;
    private static final int RAM_BEGIN = 1 << 20;
    private static final int PAGE_BYTES = 4096;
    /** Of the pages, so many are sent again. */
    private static final int CHANGED = 300;

    @TempDir
    private Path directory;

    private final InMemoryTransport transport = new InMemoryTransport();
    private final InMemoryHypervisor source = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor destination = new InMemoryHypervisor("host-b");
    private final byte[] ram = new byte[RAM_BYTES];
    private final byte[] disk = new byte[3_000_320];
    private HostState sourceState;
    private HostState destinationState;
    private byte[] saved;

    @BeforeEach
    void startGuest() throws Exception {
        sourceState = HostState.open(directory.resolve("a"));
        destinationState = HostState.open(directory.resolve("b"));
        new Random(1).nextBytes(ram);
        // Where devices and firmware are, and no RAM.
        Arrays.fill(ram, 0xa0000, RAM_BEGIN, (byte) 0);
        new Random(2).nextBytes(disk);
        Path image = Files.write(directory.resolve("vda.raw"), disk);
        saved = stream(ram);
        source.start(
                Domains.xml("web-1", Domains.disk("vda", image, "raw"))
                        .replace("262144", Integer.toString(RAM_BYTES >> 10)),
                saved,
                true);
        source.allowLiveSave("web-1", RAM_BYTES + 100 * PAGE_BYTES);
    }

    @AfterEach
    void stopBuilding() throws Exception {
        sourceState.images().references().close();
        destinationState.images().references().close();
    }

    /** As QEMU writes it of a running guest: all pages, then some of them again, scattered, as they have become. */
    private static byte[] stream(byte[] ram) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(all);
        out.writeInt(0x5145564d);
        out.writeInt(3);
        out.write(1);
        out.writeInt(2);
        out.writeInt(0x0372616d);
        out.writeInt(0);
        out.writeInt(4);
        out.writeLong(RAM_BYTES | 4);
        writeBlock(out);
        out.writeLong(RAM_BYTES);
        for (int page = 0; page < RAM_BYTES; page += PAGE_BYTES) {
            writePage(out, page, ram);
        }
        byte[] now = ram.clone();
        Random random = new Random(3);
        for (int i = 0; i < CHANGED; i++) {
            int page = RAM_BEGIN + random.nextInt((RAM_BYTES - RAM_BEGIN) / PAGE_BYTES) * PAGE_BYTES;
            now[page + i] ^= 1;
            writePage(out, page, now);
        }
        out.writeLong(0x10);
        out.write(new byte[] {1, 2, 3, 4, 5});
        return all.toByteArray();
    }

    private static void writePage(DataOutputStream out, int page, byte[] ram) throws IOException {
        out.writeLong(page | 8 | (page == 0 ? 0 : 0x20));
        if (page == 0) {
            writeBlock(out);
        }
        out.write(ram, page, PAGE_BYTES);
    }

    private static void writeBlock(DataOutputStream out) throws IOException {
        out.write(6);
        out.writeBytes("pc.ram");
    }

    private void showMemory() throws VmmigException {
        source.showMemory("web-1", (address, buffer, offset, length) -> {
            if (address < ram.length) {
                System.arraycopy(ram, (int) address, buffer, offset, length);
            }
        });
    }

    private Migrator migrator() {
        return Migrator.of(source)
                .from("web-1")
                .state(sourceState)
                .to(transport)
                .strategy(Strategy.LIVE)
                .inquiryTimeout(Duration.ZERO);
    }

    private Migration<DestinationReport> receive(MigrationListener listener) throws Exception {
        return Receiver.of(destination)
                .into(directory.resolve("guests"))
                .state(destinationState)
                .onEvent(listener)
                .receive(transport.accept(SOON));
    }

    private SourceReport move(Migrator migrator) throws Exception {
        Migration<SourceReport> sending = migrator.start();
        Migration<DestinationReport> receiving = receive(event -> {});
        SourceReport report = sending.await(SOON);
        receiving.await(SOON);
        assertThat(source.guests()).isEmpty();
        assertThat(destination.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(Arrays.mismatch(destination.memoryOf("web-1").orElseThrow(), saved))
                .isEqualTo(-1);
        assertThat(report.plan().strategy()).isEqualTo(Strategy.LIVE);
        return report;
    }

    private static long bytes(SourceReport report, String content) {
        return report.summary().contents().stream()
                .filter(one -> one.name().equals(content))
                .mapToLong(PackageSummary.Content::bytes)
                .sum();
    }

    @ParameterizedTest
    @ValueSource(longs = {100_000, 5_000_001, RAM_BYTES + 100 * PAGE_BYTES})
    void whatTheHypervisorLeavesIsSentWhileTheGuestIsPaused(long pausedAfter) throws Exception {
        source.allowLiveSave("web-1", pausedAfter);
        Map<Phase, GuestState> states = new ConcurrentHashMap<>();
        SourceReport report = move(migrator().onEvent(event -> {
            if (event instanceof MigrationEvent.PhaseStarted started) {
                states.put(started.phase(), source.stateOf("web-1").orElse(GuestState.STOPPED));
            }
        }));
        assertThat(states)
                .containsEntry(Phase.PRECOPY, GuestState.RUNNING)
                .containsEntry(Phase.DISKS, GuestState.PAUSED)
                .containsEntry(Phase.SNAPSHOT, GuestState.PAUSED);
        // A segment is read at once.
        assertThat(bytes(report, "precopy")).isBetween(pausedAfter - PAGE_BYTES, pausedAfter + (1 << 20));
        assertThat(bytes(report, "precopy") + bytes(report, "snapshot")).isEqualTo(saved.length);
        assertThat(report.summary().snapshotBytes()).isEqualTo(saved.length);
        assertThat(report.plan().baselines()).isEmpty();
    }

    @Test
    void aGuestThatDoesNotConvergeIsPaused() throws Exception {
        source.allowLiveSave("web-1", Long.MAX_VALUE);
        SourceReport report = move(migrator().convergeWithin(Duration.ZERO));
        assertThat(bytes(report, "precopy")).isBetween((long) RAM_BYTES, saved.length - 1L);
        assertThat(bytes(report, "snapshot")).isPositive();
    }

    /** Whatever order QEMU sends them in. */
    @Test
    void pagesAreComparedWithTheSameOnesOfTheBaseline() throws Exception {
        showMemory();
        SourceReport report = move(migrator());
        assertThat(report.plan().baselines()).hasSize(1);
        assertThat(report.summary().packageBytes()).isLessThan(200_000);
        assertThat(report.summary().pages())
                .filteredOn(count -> count.kind() == PackageSummary.PageKind.DELTA)
                .extracting(PackageSummary.PageCount::pages)
                .satisfies(counts ->
                        assertThat(counts.stream().mapToLong(n -> n).sum()).isEqualTo(CHANGED));
    }

    @Test
    void itIsRefusedWhereItCannotWork() throws Exception {
        source.destroy("web-1");
        source.start(Domains.xml("web-1"), saved, true);
        VmmigException refusal = catchThrowableOfType(
                VmmigException.class, () -> migrator().start().await(SOON));
        assertThat(refusal.problem()).isEqualTo(Problem.REQUEST_INVALID);
        assertThat(refusal).hasMessageContaining("cannot move live: this in-memory guest was not allowed to");
        assertThat(refusal.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(source.stateOf("web-1")).contains(GuestState.RUNNING);
    }

    /** Wherever it ends, the guest runs here and there is nothing of it there. */
    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            names = {"PRECOPY", "SUSPEND", "DISKS", "SNAPSHOT"})
    void cancelledAtAnyMomentTheGuestRunsOn(Phase when) throws Exception {
        CompletableFuture<Migration<?>> cancelled = new CompletableFuture<>();
        Migration<SourceReport> sending =
                migrator().onEvent(event -> cancelAt(when, event, cancelled)).start();
        cancelled.complete(sending);
        Migration<DestinationReport> receiving = receive(event -> {});
        assertThat(catchThrowableOfType(VmmigException.class, () -> sending.await(SOON))
                        .problem())
                .isEqualTo(Problem.CANCELLED);
        catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        assertThatNothingHasChanged();
    }

    private static void cancelAt(Phase when, MigrationEvent event, CompletableFuture<Migration<?>> migration) {
        if (event instanceof MigrationEvent.PhaseStarted started && started.phase() == when) {
            migration.join().cancel();
        }
    }

    @Test
    void aDestinationThatGivesUpLeavesTheGuestRunning() throws Exception {
        Migration<SourceReport> sending = migrator().start();
        CompletableFuture<Migration<?>> cancelled = new CompletableFuture<>();
        Migration<DestinationReport> receiving = receive(event -> cancelAt(Phase.PRECOPY, event, cancelled));
        cancelled.complete(receiving);
        catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        assertThat(catchThrowableOfType(VmmigException.class, () -> sending.await(SOON)))
                .isNotNull();
        assertThatNothingHasChanged();
    }

    private void assertThatNothingHasChanged() throws Exception {
        assertThat(source.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(destination.guests()).isEmpty();
        Path guests = directory.resolve("guests");
        try (Stream<Path> left = Files.exists(guests) ? Files.list(guests) : Stream.empty()) {
            assertThat(left).isEmpty();
        }
    }

    /** What it writes during the migration is in an overlay, which is merged where the guest lives in the end. */
    private static final byte[] WRITTEN = "written while it travelled".getBytes(StandardCharsets.US_ASCII);

    private Migrator writing() {
        return migrator().onEvent(event -> {
            if (event instanceof MigrationEvent.PhaseStarted started && started.phase() == Phase.PRECOPY) {
                write(source);
            }
        });
    }

    private static void write(InMemoryHypervisor host) {
        try {
            host.write("web-1", "vda", 8192, WRITTEN);
        } catch (VmmigException | IOException e) {
            throw new AssertionError(e);
        }
    }

    private void assertMerged(InMemoryHypervisor host, HostState state) throws Exception {
        DomainXml.Disk disk =
                DomainXml.parse(host.guest("web-1").domainXml()).disks().get(0);
        assertThat(disk.format()).isEqualTo(ImageFormat.RAW);
        byte[] content = Files.readAllBytes(disk.file());
        assertThat(Arrays.copyOfRange(content, 8192, 8192 + WRITTEN.length)).isEqualTo(WRITTEN);
        System.arraycopy(this.disk, 8192, content, 8192, WRITTEN.length);
        assertThat(Arrays.mismatch(content, this.disk)).isEqualTo(-1);
        assertThat(state.directory(HostState.Part.OVERLAYS)).isEmptyDirectory();
        assertNoOverlays();
    }

    private void assertNoOverlays() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            assertThat(all.filter(file -> file.toString().contains(".vmmig-")
                            || file.toString().endsWith(".qcow2")))
                    .filteredOn(file -> !file.getFileName().toString().equals(".vmmig-files"))
                    .isEmpty();
        }
    }

    @Test
    void whatItWritesMeanwhileArrivesAndItsChainIsAsLongAsBefore() throws Exception {
        SourceReport report = move(writing());
        assertThat(report.summary().contents().stream().map(PackageSummary.Content::name))
                .containsSubsequence("disks/vda.0.raw", "precopy", "disks/vda.1.qcow2", "snapshot");
        assertMerged(destination, destinationState);
        assertThat(sourceState.directory(HostState.Part.OVERLAYS)).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            names = {"PRECOPY", "SUSPEND", "DISKS", "SNAPSHOT"})
    void whatItWroteStaysIfItStays(Phase when) throws Exception {
        CompletableFuture<Migration<?>> cancelled = new CompletableFuture<>();
        Migration<SourceReport> sending =
                writing().onEvent(event -> cancelAt(when, event, cancelled)).start();
        cancelled.complete(sending);
        Migration<DestinationReport> receiving = receive(event -> {});
        catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        assertMerged(source, sourceState);
    }

    @Test
    void aRecoveryMergesWhatCouldNotBeMergedAtTheSource() throws Exception {
        source.fail(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        CompletableFuture<Migration<?>> cancelled = new CompletableFuture<>();
        Migration<SourceReport> sending = writing()
                .onEvent(event -> cancelAt(Phase.DISKS, event, cancelled))
                .start();
        cancelled.complete(sending);
        Migration<DestinationReport> receiving = receive(event -> {});
        catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        assertThat(sourceState.directory(HostState.Part.OVERLAYS)).isNotEmptyDirectory();
        source.mend(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        Recovery.of(source).state(sourceState).run();
        assertMerged(source, sourceState);
    }

    @Test
    void aRecoveryMergesWhatCouldNotBeMergedAtTheDestination() throws Exception {
        destination.fail(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        move(writing());
        assertThat(destinationState.directory(HostState.Part.OVERLAYS)).isNotEmptyDirectory();
        destination.mend(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        Recovery.of(destination).state(destinationState).run();
        assertMerged(destination, destinationState);
    }

    /** It is merged, so that it does not travel as a layer of its own. */
    @Test
    void anOverlayThatIsLeftIsMergedBeforeTheNextMigration() throws Exception {
        destination.fail(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        move(writing());
        destination.mend(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        Migration<SourceReport> sending = Migrator.of(destination)
                .from("web-1")
                .state(destinationState)
                .to(transport)
                .start();
        Migration<DestinationReport> receiving = Receiver.of(source)
                .into(directory.resolve("back"))
                .state(sourceState)
                .receive(transport.accept(SOON));
        sending.await(SOON);
        receiving.await(SOON);
        assertMerged(source, sourceState);
    }

    /** Otherwise nobody would know of the overlays if it ended. */
    @Test
    void aGuestWithoutDefinitionHasNoOverlays() throws Exception {
        String xml = source.guest("web-1").domainXml();
        source.destroy("web-1");
        source.start(xml, saved, false);
        source.allowLiveSave("web-1", RAM_BYTES);
        SourceReport report = move(migrator());
        assertThat(report.plan().because()).contains("without overlays on its disks: it has no definition");
        assertThat(report.summary().contents())
                .extracting(PackageSummary.Content::name)
                .containsSubsequence("precopy", "disks/vda.0.raw")
                .doesNotContain("disks/vda.1.qcow2");
    }

    @Test
    void overlaysThatCannotBeAddedLeaveNothing() throws Exception {
        source.fail(InMemoryHypervisor.Step.ADD_OVERLAYS);
        Migration<SourceReport> sending = migrator().start();
        Migration<DestinationReport> receiving = receive(event -> {});
        catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        assertThatNothingHasChanged();
        assertNoOverlays();
        assertThat(sourceState.directory(HostState.Part.OVERLAYS)).isEmptyDirectory();
    }

    @Test
    void itsPackageServesTheWayBack() throws Exception {
        move(migrator());
        Migration<SourceReport> sending = Migrator.of(destination)
                .from("web-1")
                .state(destinationState)
                .to(transport)
                .start();
        Migration<DestinationReport> receiving = Receiver.of(source)
                .into(directory.resolve("back"))
                .state(sourceState)
                .receive(transport.accept(SOON));
        SourceReport back = sending.await(SOON);
        receiving.await(SOON);
        assertThat(back.summary().pages())
                .filteredOn(count -> count.kind() == PackageSummary.PageKind.LITERAL)
                .isEmpty();
    }
}
