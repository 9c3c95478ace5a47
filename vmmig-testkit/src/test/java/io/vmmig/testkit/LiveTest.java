// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Recovery;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A live migration sends the memory of a guest that runs, pauses it late, and leaves it running whatever fails. */
@Timeout(60)
@Tag("once")
class LiveTest extends TwoHosts {
    private static final int RAM_BEGIN = 1 << 20;
    private static final int PAGE_BYTES = 4096;
    /** Of the pages, so many are sent again. */
    private static final int CHANGED = 300;

    LiveTest() {
        super(3_000_320);
    }

    @BeforeEach
    void allowLiveSave() throws Exception {
        source.allowLiveSave("web-1", RAM_BYTES + 100 * PAGE_BYTES);
    }

    /** As QEMU writes it of a running guest: all pages, then some of them again, scattered, as they have become. */
    @Override
    byte[] stream() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(all);
        RamSnapshot.writeBegin(out, RAM_BYTES);
        for (int page = 0; page < RAM_BYTES; page += PAGE_BYTES) {
            RamSnapshot.writePage(out, page, ram, false);
        }
        byte[] now = ram.clone();
        Random random = new Random(3);
        for (int i = 0; i < CHANGED; i++) {
            int page = RAM_BEGIN + random.nextInt((RAM_BYTES - RAM_BEGIN) / PAGE_BYTES) * PAGE_BYTES;
            now[page + i] ^= 1;
            RamSnapshot.writePage(out, page, now, false);
        }
        RamSnapshot.writeEnd(out);
        return all.toByteArray();
    }

    private Migrator migrator() {
        return migrator(Strategy.LIVE);
    }

    private SourceReport moveLive(Migrator migrator) throws Exception {
        SourceReport report = move(migrator);
        assertThat(report.plan().strategy()).isEqualTo(Strategy.LIVE);
        return report;
    }

    /** Begins a migration, cancels it in that phase, and returns the source's failure when both ends have failed. */
    private VmmigException cancelled(Phase when, Migrator migrator) throws Exception {
        CompletableFuture<Migration<?>> cancelled = new CompletableFuture<>();
        Migration<SourceReport> sending =
                migrator.onEvent(event -> cancelAt(when, event, cancelled)).start();
        cancelled.complete(sending);
        Migration<DestinationReport> receiving = receive(event -> {});
        VmmigException failure = catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        return failure;
    }

    private static void cancelAt(Phase when, MigrationEvent event, CompletableFuture<Migration<?>> migration) {
        if (event instanceof MigrationEvent.PhaseStarted started && started.phase() == when) {
            migration.join().cancel();
        }
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
        SourceReport report = moveLive(migrator().onEvent(event -> {
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
        SourceReport report = moveLive(migrator().convergeWithin(Duration.ZERO));
        assertThat(bytes(report, "precopy")).isBetween((long) RAM_BYTES, saved.length - 1L);
        assertThat(bytes(report, "snapshot")).isPositive();
    }

    /** Whatever order QEMU sends them in. */
    @Test
    void pagesAreComparedWithTheSameOnesOfTheBaseline() throws Exception {
        showMemory();
        SourceReport report = moveLive(migrator());
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
        assertThat(cancelled(when, migrator()).problem()).isEqualTo(Problem.CANCELLED);
        assertThatNothingHasChanged();
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
        SourceReport report = moveLive(writing());
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
        cancelled(when, writing());
        assertMerged(source, sourceState);
    }

    @Test
    void aRecoveryMergesWhatCouldNotBeMergedAtTheSource() throws Exception {
        source.fail(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        cancelled(Phase.DISKS, writing());
        assertThat(sourceState.directory(HostState.Part.OVERLAYS)).isNotEmptyDirectory();
        source.mend(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        Recovery.of(source).state(sourceState).run();
        assertMerged(source, sourceState);
    }

    @Test
    void aRecoveryMergesWhatCouldNotBeMergedAtTheDestination() throws Exception {
        destination.fail(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        moveLive(writing());
        assertThat(destinationState.directory(HostState.Part.OVERLAYS)).isNotEmptyDirectory();
        destination.mend(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        Recovery.of(destination).state(destinationState).run();
        assertMerged(destination, destinationState);
    }

    /** It is merged, so that it does not travel as a layer of its own. */
    @Test
    void anOverlayThatIsLeftIsMergedBeforeTheNextMigration() throws Exception {
        destination.fail(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        moveLive(writing());
        destination.mend(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        moveBack();
        assertMerged(source, sourceState);
    }

    /** Otherwise nobody would know of the overlays if it ended. */
    @Test
    void aGuestWithoutDefinitionHasNoOverlays() throws Exception {
        String xml = source.guest("web-1").domainXml();
        source.destroy("web-1");
        source.start(xml, saved, false);
        source.allowLiveSave("web-1", RAM_BYTES);
        SourceReport report = moveLive(migrator());
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

    /** Nobody waits for the hypervisor's answer any more. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void overlaysThatAreAddedAfterACancellationAreMerged(boolean failing) throws Exception {
        CompletableFuture<Migration<?>> cancelled = new CompletableFuture<>();
        CompletableFuture<Void> answer = new CompletableFuture<>();
        CompletableFuture<Void> merging = new CompletableFuture<>();
        CompletableFuture<Thread> adding = new CompletableFuture<>();
        source.before(InMemoryHypervisor.Step.MERGE_OVERLAYS, () -> merging.complete(null));
        source.before(InMemoryHypervisor.Step.ADD_OVERLAYS, () -> {
            adding.complete(Thread.currentThread());
            cancelled.join().cancel();
            answer.join();
            if (failing) {
                throw new IllegalStateException("no overlays");
            }
        });
        Migration<SourceReport> sending = migrator().start();
        cancelled.complete(sending);
        Migration<DestinationReport> receiving = receive(event -> {});
        VmmigException failure = catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        assertThat(failure.problem()).isEqualTo(Problem.CANCELLED);
        catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        assertThat(merging).isNotDone();
        answer.complete(null);
        adding.join().join(SOON.toMillis());
        assertThat(merging).isCompleted();
        assertThat(sourceState.directory(HostState.Part.OVERLAYS)).isEmptyDirectory();
        assertThatNothingHasChanged();
        assertNoOverlays();
    }

    @Test
    void itsPackageServesTheWayBack() throws Exception {
        moveLive(migrator());
        SourceReport back = moveBack();
        assertThat(back.summary().pages())
                .filteredOn(count -> count.kind() == PackageSummary.PageKind.LITERAL)
                .isEmpty();
    }
}
