// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.CancelledException;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.PhaseTiming;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor.Step;
import io.vmmig.transport.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The logic of both pipelines, with guests that are byte arrays. */
@Timeout(60)
class MigrationTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static final Duration LITTLE = Duration.ofMillis(50);

    @TempDir
    private Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final InMemoryTransport transport = new InMemoryTransport();
    private final byte[] memory = new byte[20_000_000];
    private final byte[] disk = new byte[300_000];
    private HostState state;
    private HostState stateOfA;
    private Receiver receiver;
    private Path guests;

    @BeforeEach
    void startGuest() throws Exception {
        new Random(1).nextBytes(memory);
        new Random(2).nextBytes(disk);
        Path image = Files.write(directory.resolve("vda.raw"), disk);
        a.start(Domains.xml("web-1", Domains.disk("vda", image, "raw")), memory, true);
        guests = directory.resolve("guests");
        state = HostState.open(directory.resolve("state"));
        stateOfA = HostState.open(directory.resolve("state-of-a"));
        receiver = Receiver.of(b).into(guests).state(state);
    }

    @AfterEach
    void stopBuilding() throws Exception {
        state.images().references().close();
        stateOfA.images().references().close();
    }

    private Migrator migrator() {
        return Migrator.of(a).state(stateOfA).from("web-1").to(transport);
    }

    private Migration<DestinationReport> receive() throws Exception {
        return receiver.receive(transport.accept(SOON));
    }

    private static VmmigException failureOf(Migration<?> migration) {
        try {
            migration.await(SOON);
        } catch (VmmigException e) {
            return e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("the migration went well");
    }

    private void assertRolledBack() throws Exception {
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(b.guests()).isEmpty();
        assertThat(guests.toFile().list())
                .satisfiesAnyOf(l -> assertThat(l).isNull(), l -> assertThat(l).isEmpty());
    }

    @Test
    void movesTheGuestWhole() throws Exception {
        List<MigrationEvent> events = Collections.synchronizedList(new ArrayList<>());
        Migration<SourceReport> sending = migrator().onEvent(events::add).start();
        DestinationReport received = receive().await(SOON);
        SourceReport sent = sending.await(SOON);

        assertThat(a.guests()).isEmpty();
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(b.memoryOf("web-1").orElseThrow()).isEqualTo(memory);
        assertThat(guests.resolve("web-1/vda.0.raw")).hasBinaryContent(disk);
        assertThat(sent.summary().snapshotBytes()).isEqualTo(memory.length);
        assertThat(sent.summary().diskBytes()).isEqualTo(disk.length);
        assertThat(sent.downtimeMillis()).isPresent();
        assertThat(sent.summary().packageId()).isEqualTo(received.summary().packageId());
        assertThat(sent.summary().contents()).isEqualTo(received.summary().contents());
        assertThat(sent.summary().phases())
                .extracting(PhaseTiming::phase)
                .containsExactly(
                        Phase.PREPARE,
                        Phase.CONNECT,
                        Phase.OFFER,
                        Phase.BOOT_FILES,
                        Phase.SUSPEND,
                        Phase.DISKS,
                        Phase.SNAPSHOT,
                        Phase.RESTORE,
                        Phase.COMMIT,
                        Phase.RETIRE);
        assertThat(received.domainChanges()).isNotEmpty();
        assertThat(sent.toJson()).contains("\"downtimeMillis\"");
        assertMonotonic(events);
    }

    private static void awaitQueued(Semaphore permits) {
        while (!permits.hasQueuedThreads()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void waitsForItsTurnAndGivesItBack() throws Exception {
        Semaphore leaving = new Semaphore(0);
        Semaphore coming = new Semaphore(0);
        receiver = receiver.admittedBy(coming);
        Migration<SourceReport> sending = migrator().admittedBy(leaving).start();
        awaitQueued(leaving);
        leaving.release();
        Migration<DestinationReport> receiving = receive();
        awaitQueued(coming);
        assertThat(leaving.availablePermits()).as("its guest is on its way").isZero();
        coming.release();

        receiving.await(SOON);
        sending.await(SOON);

        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(leaving.availablePermits()).isOne();
        assertThat(coming.availablePermits()).isOne();
    }

    @Test
    void saysThatItWaits() throws Exception {
        Semaphore leaving = new Semaphore(0);
        List<MigrationEvent> events = Collections.synchronizedList(new ArrayList<>());
        Migration<SourceReport> sending =
                migrator().admittedBy(leaving).onEvent(events::add).start();
        awaitQueued(leaving);
        assertThat(events)
                .filteredOn(MigrationEvent.Waiting.class::isInstance)
                .singleElement()
                .satisfies(event -> assertThat(event.phase()).isEqualTo(Phase.QUEUED));

        leaving.release();
        receive().await(SOON);

        assertThat(sending.await(SOON).summary().phases())
                .extracting(PhaseTiming::phase)
                .startsWith(Phase.QUEUED, Phase.PREPARE);
    }

    @Test
    void itsDeadlineCountsWhileItWaits() throws Exception {
        VmmigException e = failureOf(migrator()
                .admittedBy(new Semaphore(0))
                .migrationTimeout(Duration.ofMillis(10))
                .start());
        assertThat(e.problem()).isEqualTo(Problem.DEADLINE_EXCEEDED);
        assertThat(e.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertRolledBack();
    }

    @Test
    void memoryIsOvercommittedOnlyWhereThatIsAllowed() throws Exception {
        b.freeMemory(1 << 20);
        Migration<SourceReport> refused = migrator().start();
        Migration<DestinationReport> refusing = receive();
        assertThat(failureOf(refused).problem()).isEqualTo(Problem.MEMORY_INSUFFICIENT);
        failureOf(refusing);
        assertRolledBack();

        receiver = receiver.overcommittingMemory();
        Migration<SourceReport> sending = migrator().start();
        receive().await(SOON);
        sending.await(SOON);

        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
    }

    @Test
    void aHeapThatIsExhaustedMidwayRollsBack() throws Exception {
        Migration<SourceReport> sending = migrator()
                .signedBy(claim -> {
                    throw new OutOfMemoryError("Java heap space");
                })
                .start();
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);

        assertThat(e.problem()).isEqualTo(Problem.HEAP_TOO_SMALL);
        assertThat(e.failure().source()).isEqualTo(EndState.RUNS);
        assertThat(failureOf(receiving).problem()).isEqualTo(Problem.HEAP_TOO_SMALL);
        assertRolledBack();
        assertThat(Recovery.of(a).state(stateOfA).run().resolutions()).isEmpty();
    }

    /** Without a limit of its caller, as many as the heap and the processors allow go on, and the rest waits. */
    @Test
    void soManyGuestsDoNotLeaveAtOnceThatTheHeapOverflows() throws Exception {
        int guestsThatLeave = 30;
        int atOnce = Math.max(2, Runtime.getRuntime().availableProcessors());
        AtomicInteger waited = new AtomicInteger();
        Set<Integer> ahead = ConcurrentHashMap.newKeySet();
        CountDownLatch resolved = new CountDownLatch(guestsThatLeave);
        List<Migration<?>> leaving = new ArrayList<>();
        for (int i = 0; i < guestsThatLeave; i++) {
            a.start(Domains.xml("many-" + i), new byte[100_000], false);
            leaving.add(migrator()
                    .from("many-" + i)
                    .onEvent(event -> {
                        if (event instanceof MigrationEvent.Waiting waiting) {
                            waited.incrementAndGet();
                            ahead.add(waiting.ahead());
                            resolved.countDown();
                        } else if (event.phase() == Phase.OFFER && event instanceof MigrationEvent.PhaseStarted) {
                            resolved.countDown();
                        }
                    })
                    .start());
        }
        assertThat(resolved.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(waited).hasValueGreaterThanOrEqualTo(guestsThatLeave - atOnce);
        assertThat(ahead).as("each has its place").hasSize(waited.get()).contains(0);

        List<Migration<?>> coming = new ArrayList<>();
        for (int i = 0; i < guestsThatLeave; i++) {
            coming.add(receive());
        }
        for (int i = 0; i < guestsThatLeave; i++) {
            coming.get(i).await(SOON);
            leaving.get(i).await(SOON);
        }
        assertThat(b.guests()).hasSize(guestsThatLeave);
    }

    @Test
    void canBeCancelledBeforeItsTurn() throws Exception {
        Semaphore leaving = new Semaphore(0);
        Migration<SourceReport> sending = migrator().admittedBy(leaving).start();
        awaitQueued(leaving);

        assertThat(sending.cancel()).isTrue();
        VmmigException failure = failureOf(sending);

        assertThat(failure.problem()).isEqualTo(Problem.CANCELLED);
        assertThat(failure.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertRolledBack();
        leaving.release();
        Migration<SourceReport> again = migrator().admittedBy(leaving).start();
        receive().await(SOON);
        again.await(SOON);
        assertThat(leaving.availablePermits()).isOne();
    }

    @Test
    void whoWaitsAtTheDestinationCanBeCancelledThere() throws Exception {
        Semaphore coming = new Semaphore(0);
        receiver = receiver.admittedBy(coming);
        Migration<SourceReport> sending = migrator().start();
        Migration<DestinationReport> receiving = receive();
        awaitQueued(coming);

        assertThat(receiving.cancel()).isTrue();

        assertThat(failureOf(receiving).problem()).isEqualTo(Problem.CANCELLED);
        assertThat(failureOf(sending).problem()).isEqualTo(Problem.PEER_CANCELLED);
        assertRolledBack();
        assertThat(coming.availablePermits()).isZero();
    }

    /** The kernel and the ramdisk come while the guest runs, so the destination can start its hypervisor before it is suspended. */
    @ParameterizedTest
    @ValueSource(strings = {"", "kernel", "kernel,initrd"})
    void whatTheHypervisorOfTheDestinationRefusesIsRefusedBeforeTheGuestIsSuspended(String bootFiles) throws Exception {
        StringBuilder boot = new StringBuilder("hvm</type>");
        for (String kind : bootFiles.isEmpty() ? new String[0] : bootFiles.split(",")) {
            Path file = Files.write(directory.resolve(kind), Arrays.copyOf(memory, 5_000_000));
            boot.append("<")
                    .append(kind)
                    .append(">")
                    .append(file)
                    .append("</")
                    .append(kind)
                    .append(">");
        }
        a.remove("web-1");
        Path image = directory.resolve("vda.raw");
        a.start(Domains.xml("web-1", Domains.disk("vda", image, "raw")).replace("hvm</type>", boot), memory, true);
        b.fail(Step.START);

        Migration<SourceReport> sending = migrator().start();
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);
        assertThat(e).hasMessageContaining("START");
        assertThat(e.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(failureOf(receiving).failure().destination()).isEqualTo(EndState.HOLDS_NOTHING);
        assertRolledBack();

        b.mend(Step.START);
        Migration<SourceReport> again = migrator().start();
        receive().await(SOON);
        again.await(SOON);
        assertThat(b.memoryOf("web-1").orElseThrow()).isEqualTo(memory);
    }

    private static void assertMonotonic(List<MigrationEvent> events) {
        List<Long> snapshot = events.stream()
                .filter(MigrationEvent.Progress.class::isInstance)
                .map(MigrationEvent.Progress.class::cast)
                .filter(p -> p.phase() == Phase.SNAPSHOT)
                .map(MigrationEvent.Progress::bytesDone)
                .toList();
        assertThat(snapshot).isNotEmpty().isSorted();
    }

    @Test
    void goesBackAndForth() throws Exception {
        Migration<SourceReport> there = migrator().start();
        receive().await(SOON);
        there.await(SOON);

        Path home = directory.resolve("home");
        Migration<SourceReport> back =
                Migrator.of(b).state(state).from("web-1").to(transport).start();
        Receiver.of(a)
                .into(home)
                .state(stateOfA)
                .receive(transport.accept(SOON))
                .await(SOON);
        back.await(SOON);

        assertThat(a.memoryOf("web-1").orElseThrow()).isEqualTo(memory);
        assertThat(home.resolve("web-1/vda.0.raw")).hasBinaryContent(disk);
        assertThat(guests).as("what vmmig made at b went with the guest").isEmptyDirectory();
    }

    @Test
    void completesAStageWhenItIsOver() throws Exception {
        Migration<SourceReport> failed =
                Migrator.of(a).state(stateOfA).from("nobody").to(transport).start();
        assertThat(failed.completion().toCompletableFuture())
                .failsWithin(SOON)
                .withThrowableOfType(ExecutionException.class)
                .havingCause()
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_UNKNOWN));

        Migration<SourceReport> sending = migrator().start();
        assertThat(sending.completion().toCompletableFuture().cancel(true))
                .as("of this one only")
                .isTrue();
        Migration<DestinationReport> receiving = receive();
        assertThat(receiving.completion().toCompletableFuture()).succeedsWithin(SOON);
        assertThat(sending.completion().toCompletableFuture())
                .succeedsWithin(SOON)
                .isSameAs(sending.await(SOON));
        assertThat(sending.done()).isTrue();
    }

    @Test
    void aListenerThatThrowsDoesNoHarm() throws Exception {
        Migration<SourceReport> sending = migrator()
                .onEvent(e -> {
                    throw new IllegalStateException("a listener's bug");
                })
                .start();
        receive().await(SOON);
        sending.await(SOON);
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
    }

    @ParameterizedTest
    @EnumSource(names = {"SAVE", "STREAM"})
    void whatFailsAtTheSourceIsRolledBack(Step step) throws Exception {
        a.fail(step);
        Migration<SourceReport> sending = migrator().start();
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.HYPERVISOR_FAILED);
        assertThat(e.failure().guest()).isEqualTo("web-1");
        assertThat(failureOf(receiving).failure().destination()).isEqualTo(EndState.HOLDS_NOTHING);
        assertRolledBack();
    }

    @ParameterizedTest
    @EnumSource(names = {"FINISH", "RESUME_RESTORED"})
    void whatFailsAtTheDestinationIsRolledBack(Step step) throws Exception {
        b.fail(step);
        Migration<SourceReport> sending = migrator().start();
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.HYPERVISOR_FAILED);
        assertThat(e.failure().source()).isEqualTo(EndState.RUNS);
        assertThat(e.failure().destination()).isEqualTo(EndState.HOLDS_NOTHING);
        assertThat(e).hasMessageContaining(step.name());
        failureOf(receiving);
        assertRolledBack();
    }

    /** Its hypervisor is started first. */
    @Test
    void aDestinationThatCannotStartRefusesWhileTheGuestRuns() throws Exception {
        b.fail(Step.RESTORE);
        Migration<SourceReport> sending = migrator().start();
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.HYPERVISOR_FAILED);
        assertThat(e.failure().phase()).isEqualTo(Phase.OFFER);
        assertThat(e.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(e.failure().destination()).isEqualTo(EndState.HOLDS_NOTHING);
        assertThat(e).hasMessageContaining("RESTORE");
        failureOf(receiving);
        assertRolledBack();
    }

    @Test
    void aGuestThatCouldNotBeRolledBackCanBeTriedAgain() throws Exception {
        a.fail(Step.STREAM);
        a.fail(Step.RESUME_SAVED);
        Migration<SourceReport> sending = migrator().start();
        Migration<DestinationReport> receiving = receive();

        assertThat(failureOf(sending).failure().source()).isEqualTo(EndState.PAUSED);
        failureOf(receiving);
        a.mend(Step.STREAM);
        a.mend(Step.RESUME_SAVED);
        VmmigException refused = failureOf(migrator().start());
        assertThat(refused.problem()).as("it would arrive paused").isEqualTo(Problem.GUEST_BUSY);
        assertThat(refused.failure().remedy()).contains("Recovery");
        assertThat(Recovery.of(a).state(stateOfA).run().resolved()).isTrue();
        Migration<SourceReport> again = migrator().start();
        receive().await(SOON);
        again.await(SOON);

        assertThat(a.guests()).isEmpty();
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(b.memoryOf("web-1")).contains(memory);
    }

    @Test
    void whatFailsAfterTheHandOverLeavesTheGuestAtTheDestination() throws Exception {
        a.fail(Step.RETIRE);
        Migration<SourceReport> sending = migrator().start();
        receive().await(SOON);

        VmmigException e = failureOf(sending);
        assertThat(e.failure().destination()).isEqualTo(EndState.RUNS);
        assertThat(a.stateOf("web-1")).as("it would run twice").contains(GuestState.PAUSED);
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
    }

    @Test
    void whenTheAnswerIsLostNobodyGuesses() throws Exception {
        transport.loseAnswerToCommit();
        Migration<SourceReport> sending = migrator().start();
        receive().await(SOON);

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.OUTCOME_UNKNOWN);
        assertThat(e.failure().source()).isEqualTo(EndState.PAUSED);
        assertThat(e.failure().destination()).isEqualTo(EndState.UNKNOWN);
        assertThat(a.stateOf("web-1")).contains(GuestState.PAUSED);
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
    }

    @Test
    void aLostAnswerIsAskedForUntilThereIsOne() throws Exception {
        transport.loseAnswerToCommit();
        AtomicInteger asked = new AtomicInteger();
        transport.answerFrom((any, asker) -> asked.incrementAndGet() < 3 ? Outcome.UNDER_WAY : Outcome.TAKEN);
        Migration<SourceReport> sending = migrator().start();
        receive().await(SOON);

        sending.await(SOON);
        assertThat(asked).hasValue(3);
        assertThat(a.guests()).isEmpty();
    }

    @Test
    void itIsNotAskedForForLongerThanWasSaid() throws Exception {
        transport.loseAnswerToCommit();
        AtomicInteger asked = new AtomicInteger();
        transport.answerFrom((any, asker) -> {
            asked.incrementAndGet();
            throw VmmigException.of(Problem.PEER_UNREACHABLE, "nobody is there", "");
        });
        Migration<SourceReport> sending =
                migrator().inquiryTimeout(Duration.ZERO).start();
        receive().await(SOON);

        assertThat(failureOf(sending).problem()).isEqualTo(Problem.OUTCOME_UNKNOWN);
        assertThat(asked).hasValue(1);
        assertThat(a.stateOf("web-1")).contains(GuestState.PAUSED);
    }

    @Test
    void aGuestThatMayRunAtTheDestinationIsNotResumedAtTheSource() throws Exception {
        b.fail(Step.RESUME_RESTORED);
        b.fail(Step.REMOVE_RESTORED);
        Migration<SourceReport> sending = migrator().start();
        Migration<DestinationReport> receiving = receive();

        assertThat(failureOf(sending).problem()).isEqualTo(Problem.OUTCOME_UNKNOWN);
        assertThat(failureOf(receiving).failure().destination()).isEqualTo(EndState.PAUSED);
        assertThat(a.stateOf("web-1")).contains(GuestState.PAUSED);
        assertThat(guests.resolve("web-1/vda.0.raw"))
                .as("the disk of a guest that may run")
                .exists();
    }

    @Test
    void cancelMidwayLetsTheGuestContinue() throws Exception {
        CountDownLatch midway = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        Migration<SourceReport> sending = migrator()
                .onEvent(e -> {
                    if (e.phase() == Phase.SNAPSHOT) {
                        midway.countDown();
                        awaitQuietly(cancelled);
                    }
                })
                .start();
        Migration<DestinationReport> receiving = receive();
        assertThat(midway.await(20, TimeUnit.SECONDS)).isTrue();

        assertThat(sending.cancel()).isTrue();
        assertThat(sending.cancel()).isTrue();
        cancelled.countDown();

        assertThat(failureOf(sending)).isInstanceOf(CancelledException.class);
        assertThat(failureOf(receiving).failure().destination()).isEqualTo(EndState.HOLDS_NOTHING);
        assertRolledBack();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody cancelled");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aSourceThatTakesLongerThanItMayGivesUp() throws Exception {
        VmmigException failure = failureOf(migrator().migrationTimeout(LITTLE).start());

        assertThat(failure.problem()).isEqualTo(Problem.DEADLINE_EXCEEDED);
        assertThat(failure).hasMessageContaining("the migration took longer than 0.05 s");
        assertThat(failure.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertRolledBack();
    }

    /** Whichever end it is that takes too long. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aGuestThatIsPausedForTooLongContinues(boolean source) throws Exception {
        Migrator migrator = source ? migrator().maxDowntime(LITTLE) : migrator();
        receiver = source ? receiver : receiver.migrationTimeout(LITTLE);
        CountDownLatch ended = new CountDownLatch(1);
        Migration<SourceReport> sending = migrator.onEvent(e -> {
                    if (e.phase() == Phase.SNAPSHOT) {
                        awaitQuietly(ended);
                    }
                })
                .start();
        VmmigException there = failureOf(receive());
        ended.countDown();
        VmmigException here = failureOf(sending);

        String whose = source ? "which is all that the source allows" : "which is all that the destination allows";
        VmmigException own = source ? here : there;
        VmmigException peers = source ? there : here;
        assertThat(own.problem()).isEqualTo(Problem.DEADLINE_EXCEEDED);
        assertThat(peers.problem()).isEqualTo(Problem.PEER_DEADLINE_EXCEEDED);
        assertThat(own).hasMessageContaining(whose);
        assertThat(peers).hasMessageContaining(whose);
        assertRolledBack();
    }

    @Test
    void cancelAfterTheEndIsTooLate() throws Exception {
        Migration<SourceReport> sending = migrator().start();
        receive().await(SOON);
        sending.await(SOON);
        assertThat(sending.cancel()).isFalse();
    }

    @Test
    void anUnknownOrStoppedGuestIsRefused() {
        VmmigException unknown = failureOf(
                Migrator.of(a).state(stateOfA).from("nobody").to(transport).start());
        assertThat(unknown.problem()).isEqualTo(Problem.GUEST_UNKNOWN);
        assertThat(unknown.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(unknown.failure().destination()).isEqualTo(EndState.UNTOUCHED);

        a.stop("web-1");
        assertThat(failureOf(migrator().start()).problem()).isEqualTo(Problem.GUEST_NOT_RUNNING);
    }

    @Test
    void aGuestMovesOnceAtATime() throws Exception {
        Migration<SourceReport> first = migrator().start();
        var session = transport.accept(SOON);
        assertThat(failureOf(migrator().start()).problem()).isEqualTo(Problem.GUEST_BUSY);
        receiver.receive(session).await(SOON);
        first.await(SOON);
    }

    @Test
    void aNameOrUuidOrFileInUseIsRefusedBeforeTheGuestStops() throws Exception {
        b.start(Domains.xml("web-1"), new byte[1], false);
        assertRefused(Problem.NAME_IN_USE, receiver);

        receiver = receiver.as(DomainSettings.asSaved().named("web-2"));
        assertRefused(Problem.UUID_IN_USE, receiver);

        receiver = receiver.as(DomainSettings.asSaved().named("web-2").withNewUuid());
        Path occupied = Files.createDirectories(guests.resolve("web-2")).resolve("vda.0.raw");
        Files.writeString(occupied, "precious");
        assertRefused(Problem.DISK_IN_USE, receiver);
        assertThat(occupied).hasContent("precious");
    }

    private void assertRefused(Problem problem, Receiver receiver) throws Exception {
        List<Phase> phases = Collections.synchronizedList(new ArrayList<>());
        Migration<SourceReport> sending =
                migrator().onEvent(e -> phases.add(e.phase())).start();
        Migration<DestinationReport> receiving = receiver.receive(transport.accept(SOON));
        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(problem);
        assertThat(e.failure().remedy()).isNotBlank();
        assertThat(e.getMessage()).doesNotContain("\n");
        assertThat(phases).doesNotContain(Phase.SUSPEND);
        assertThat(failureOf(receiving).problem()).isEqualTo(problem);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
    }

    /** A guest must never run twice, so this is the one case in which nobody has to say that it is removed. */
    @Test
    void aMoveToAHostRemovesTheGuestWhetherOrNotThatWasSaid() throws Exception {
        Migration<SourceReport> sending = migrator().removingTheGuest().start();
        receive().await(SOON);
        sending.await(SOON);
        assertThat(a.guests()).isEmpty();
    }

    @Test
    void aPausedGuestStaysPaused() throws Exception {
        try (var saved = a.guest("web-1").save()) {
            saved.leavePaused();
        }
        Migration<SourceReport> sending = migrator().start();
        receive().await(SOON);
        assertThat(sending.await(SOON).downtimeMillis()).isEmpty();
        assertThat(b.stateOf("web-1")).contains(GuestState.PAUSED);
    }

    @Test
    void asksForWhatIsMissing() {
        assertThatThrownBy(() -> Migrator.of(a).start())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("from(…)");
        assertThatThrownBy(() -> Migrator.of(a).from("web-1").to(transport).start())
                .as("without a journal, a crash could leave the guest running at both hosts")
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("state(…)");
    }
}
