// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileIdentity;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.handover.DepartureJournal;
import io.vmmig.handover.DestinationState;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.RecoveryReport;
import io.vmmig.report.RecoveryReport.Resolution;
import io.vmmig.report.RecoveryReport.Result;
import io.vmmig.report.RecoveryReport.Side;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.HandOverOutcomes;
import io.vmmig.transport.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What one end does that comes to itself in the middle of a hand-over. */
@Timeout(60)
class RecoveryTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String GUEST = "web-1";
    private static final long FULL_BYTES = 256L << 20;

    @TempDir
    Path directory;

    private final InMemoryHypervisor host = new InMemoryHypervisor("host");
    private final InMemoryTransport transport = new InMemoryTransport();
    private final UUID packageId = UUID.randomUUID();
    private HostState state;
    private Path guests;
    private UUID uuid;

    @BeforeEach
    void startGuest() throws Exception {
        host.start(Domains.xml(GUEST, ""), new byte[1_000_000], true);
        uuid = host.guest(GUEST).uuid();
        state = HostState.open(directory.resolve("state"));
        guests = Files.createDirectories(directory.resolve("guests"));
    }

    @AfterEach
    void stopBuilding() throws Exception {
        state.images().references().close();
    }

    private void pause() throws Exception {
        host.guest(GUEST).save().leavePaused();
    }

    private void removeGuest() throws Exception {
        host.guest(GUEST).remove();
    }

    private List<Resolution> recover() throws Exception {
        return Recovery.of(host).state(state).asking(address -> transport).run().resolutions();
    }

    private void assertResolved(Side side, Result result) throws Exception {
        assertThat(recover()).singleElement().satisfies(resolution -> {
            assertThat(resolution.packageId()).isEqualTo(packageId);
            assertThat(resolution.guest()).isEqualTo(GUEST);
            assertThat(resolution.side()).isEqualTo(side);
            assertThat(resolution.result()).as(resolution.what()).isEqualTo(result);
        });
        if (result != Result.LEFT_OPEN) {
            assertThat(recover()).isEmpty();
        }
    }

    // ---- the source

    private DepartureJournal departure(Path... files) throws Exception {
        return DepartureJournal.begin(
                state,
                new DepartureJournal.Facts(packageId, GUEST, uuid, true, false, "memory", List.of(files), FULL_BYTES));
    }

    @Test
    void aGuestThatWasNotGivenAwayContinues() throws Exception {
        departure().close();
        pause();

        assertResolved(Side.SOURCE, Result.RESUMED);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    /** A program that moves it holds the journal; its guest is explained. */
    @Test
    void aGuestThatIsJustMovingIsNotNamed() throws Exception {
        try (DepartureJournal moving = departure()) {
            pause();
            assertThat(moving.mayBeCommitted()).isFalse();
            assertThat(Recovery.of(host).state(state).run().pausedGuests()).isEmpty();
        }
    }

    @Test
    void aGuestThatWasAskedToLendMemoryHasItAgain() throws Exception {
        host.addBalloon(GUEST, FULL_BYTES / 2, FULL_BYTES / 2);
        departure().close();
        host.guest(GUEST).balloon().orElseThrow().resize(FULL_BYTES / 2);

        assertResolved(Side.SOURCE, Result.RECORDED);
        assertThat(host.sizeOf(GUEST)).hasValue(FULL_BYTES);

        departure().close();
        host.guest(GUEST).balloon().orElseThrow().resize(FULL_BYTES / 2);
        pause();

        assertResolved(Side.SOURCE, Result.RESUMED);
        assertThat(host.sizeOf(GUEST)).hasValue(FULL_BYTES);
    }

    @Test
    void aGuestThatHasNotBeenStoppedYetIsNotTouched() throws Exception {
        departure().close();

        assertResolved(Side.SOURCE, Result.RECORDED);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void aGuestThatWasTakenIsRemoved() throws Exception {
        try (DepartureJournal journal = departure()) {
            journal.commit(false);
        }
        pause();
        transport.answerFrom((any, asker) -> Outcome.TAKEN);

        assertResolved(Side.SOURCE, Result.RETIRED);
        assertThat(host.guests()).isEmpty();
    }

    @Test
    void aGuestThatWasNotTakenContinues() throws Exception {
        try (DepartureJournal journal = departure()) {
            journal.commit(false);
        }
        pause();
        transport.answerFrom((any, asker) -> Outcome.NOT_TAKEN);

        assertResolved(Side.SOURCE, Result.RESUMED);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void aGuestOfWhichNobodyKnowsStaysPausedUntilSomebodyDoes() throws Exception {
        try (DepartureJournal journal = departure()) {
            journal.commit(false);
        }
        pause();

        assertResolved(Side.SOURCE, Result.LEFT_OPEN);
        transport.answerFrom((any, asker) -> Outcome.UNDER_WAY);
        assertResolved(Side.SOURCE, Result.LEFT_OPEN);
        transport.answerFrom((any, asker) -> {
            throw VmmigException.of(Problem.PEER_UNREACHABLE, "nobody is there", "");
        });
        assertResolved(Side.SOURCE, Result.LEFT_OPEN);
        assertThat(Recovery.of(host).state(state).run().resolved()).isFalse();
        assertThat(host.stateOf(GUEST)).contains(GuestState.PAUSED);

        transport.answerFrom((any, asker) -> Outcome.TAKEN);
        assertResolved(Side.SOURCE, Result.RETIRED);
    }

    @Test
    void aGuestThatRunsInTwoPlacesIsForAPersonToSee() throws Exception {
        try (DepartureJournal journal = departure()) {
            journal.commit(false);
        }
        transport.answerFrom((any, asker) -> Outcome.TAKEN);

        assertResolved(Side.SOURCE, Result.LEFT_OPEN);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    /** A person let it run for a moment after the crash: what it did then is nowhere else. */
    @Test
    void aGuestThatRanHereAfterItWasTakenIsForAPersonToSeeThoughItIsPausedAgain() throws Exception {
        UUID packageId;
        try (DepartureJournal journal = departure()) {
            packageId = journal.facts().packageId();
            journal.commit(false);
        }
        host.guest(GUEST).save().leavePaused();
        host.interfere(GUEST, GuestState.RUNNING);
        host.interfere(GUEST, GuestState.PAUSED);
        transport.answerFrom((any, asker) -> Outcome.TAKEN);

        assertResolved(Side.SOURCE, Result.LEFT_OPEN);
        assertThat(host.stateOf(GUEST)).contains(GuestState.PAUSED);
        assertThat(Recovery.of(host)
                        .state(state)
                        .asking(address -> transport)
                        .keepOnlyAt(packageId, Side.DESTINATION)
                        .resolutions())
                .extracting(RecoveryReport.Resolution::result)
                .containsExactly(Result.RETIRED);
        assertThat(host.guests()).isEmpty();
    }

    @Test
    void aStepThatMayHaveBeenRecordedCountsAsRecorded() throws Exception {
        departure().close();
        Path file = DepartureJournal.all(state).get(0);
        Files.writeString(file, Files.readString(file) + "0000");
        pause();
        transport.answerFrom((any, asker) -> Outcome.TAKEN);

        assertResolved(Side.SOURCE, Result.RETIRED);
    }

    /** Its user had paused it just before it was stopped; the journal was begun when it still ran. */
    @Test
    void aGuestThatItsUserHadPausedStaysPaused() throws Exception {
        try (DepartureJournal journal = departure()) {
            journal.saved(false);
        }
        pause();

        assertResolved(Side.SOURCE, Result.RECORDED);
        assertThat(host.stateOf(GUEST)).contains(GuestState.PAUSED);
    }

    @Test
    void aGuestThatWasNotTakenIsStartedWithItsHostAgain() throws Exception {
        try (DepartureJournal journal = departure()) {
            journal.commit(true);
        }
        pause();
        transport.answerFrom((any, asker) -> Outcome.NOT_TAKEN);

        assertResolved(Side.SOURCE, Result.RESUMED);
        assertThat(host.guest(GUEST).inventory().autostart()).isTrue();
    }

    /** Its user may have said otherwise meanwhile. */
    @Test
    void aGuestThatWasNotGivenAwayIsStartedWithItsHostOnlyIfItWasBefore() throws Exception {
        departure().close();
        pause();

        assertResolved(Side.SOURCE, Result.RESUMED);
        assertThat(host.guest(GUEST).inventory().autostart()).isFalse();
    }

    // ---- the destination

    private ArrivalJournal arrival() throws Exception {
        return arrival(Instant.now());
    }

    private ArrivalJournal arrival(Instant begun) throws Exception {
        return arrival(begun, Optional.empty());
    }

    private ArrivalJournal arrival(Instant begun, Optional<String> peer) throws Exception {
        Path home = guests.resolve(GUEST);
        return ArrivalJournal.begin(
                state,
                new ArrivalJournal.Facts(
                        packageId,
                        GUEST,
                        uuid,
                        true,
                        home,
                        List.of(home.resolve("vda.0.raw")),
                        List.of(home.resolve("console.log")),
                        List.of(),
                        "host",
                        peer,
                        true,
                        begun));
    }

    private void fillHome(ArrivalJournal journal) throws Exception {
        Path home = Files.createDirectories(guests.resolve(GUEST));
        Path disk = Files.writeString(home.resolve("vda.0.raw"), "disk");
        journal.made(new ArrivalJournal.Made(home, FileIdentity.of(home)));
        journal.made(new ArrivalJournal.Made(disk, FileIdentity.of(disk)));
        Files.writeString(home.resolve("console.log"), "QEMU's");
    }

    private ArrivalJournal restored() throws Exception {
        ArrivalJournal journal = arrival();
        fillHome(journal);
        pause();
        journal.enter(DestinationState.RECEIVED);
        journal.enter(DestinationState.VERIFIED);
        journal.enter(DestinationState.RESTORED);
        return journal;
    }

    private Outcome outcome() throws Exception {
        return Recovery.outcomesIn(state).outcomeOf(packageId, Optional.empty());
    }

    @Test
    void onlyTheSourceOfAPackageIsToldOfItAndGivesItUpByAsking() throws Exception {
        Optional<String> source = Optional.of("source");
        Optional<String> other = Optional.of("other");
        HandOverOutcomes book = Recovery.outcomesIn(state);
        try (ArrivalJournal arrival = arrival(Instant.now(), source)) {
            assertThat(book.outcomeOf(packageId, other)).isEqualTo(Outcome.UNHEARD_OF);
            assertThat(book.outcomeOf(packageId, Optional.empty())).isEqualTo(Outcome.UNHEARD_OF);
            assertThat(arrival.state()).isEqualTo(DestinationState.OFFERED);

            assertThat(book.outcomeOf(packageId, source)).isEqualTo(Outcome.NOT_TAKEN);
            assertThat(arrival.state()).isEqualTo(DestinationState.ABANDONED);
        }
        assertThat(book.outcomeOf(packageId, other)).isEqualTo(Outcome.UNHEARD_OF);
        assertThat(book.outcomeOf(packageId, source)).isEqualTo(Outcome.NOT_TAKEN);
    }

    @Test
    void aGuestThatWasNotHandedOverIsRemovedWithItsFiles() throws Exception {
        restored().close();

        assertResolved(Side.DESTINATION, Result.DISCARDED);
        assertThat(host.guests()).isEmpty();
        assertThat(guests).isEmptyDirectory();
        assertThat(outcome()).isEqualTo(Outcome.NOT_TAKEN);
    }

    @Test
    void aGuestThatHasJustBegunToComeLeavesNothing() throws Exception {
        removeGuest();
        try (ArrivalJournal journal = arrival()) {
            fillHome(journal);
        }

        assertResolved(Side.DESTINATION, Result.DISCARDED);
        assertThat(guests).isEmptyDirectory();
    }

    @Test
    void aGuestThatWasHandedOverContinues() throws Exception {
        try (ArrivalJournal journal = restored()) {
            journal.enter(DestinationState.COMMITTED);
        }
        assertThat(outcome()).isEqualTo(Outcome.UNDER_WAY);

        assertResolved(Side.DESTINATION, Result.RESUMED);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertThat(guests.resolve(GUEST).resolve("vda.0.raw")).exists();
        assertThat(outcome()).isEqualTo(Outcome.TAKEN);
    }

    @Test
    void aGuestThatRunsAlreadyIsRecorded() throws Exception {
        try (ArrivalJournal journal = restored()) {
            journal.enter(DestinationState.COMMITTED);
        }
        host.guest(GUEST).resume();

        assertResolved(Side.DESTINATION, Result.RECORDED);
        assertThat(outcome()).isEqualTo(Outcome.TAKEN);
    }

    @Test
    void aGuestThatWasHandedOverAndIsGoneIsForAPersonToSee() throws Exception {
        try (ArrivalJournal journal = restored()) {
            journal.enter(DestinationState.COMMITTED);
        }
        removeGuest();

        assertResolved(Side.DESTINATION, Result.LEFT_OPEN);
        assertThat(outcome()).isEqualTo(Outcome.UNDER_WAY);
        assertThat(guests.resolve(GUEST).resolve("vda.0.raw")).exists();
    }

    private List<Resolution> decide(Side guestLivesAt) throws Exception {
        return Recovery.of(host)
                .state(state)
                .asking(address -> transport)
                .keepOnlyAt(packageId, guestLivesAt)
                .resolutions();
    }

    private void assertDecided(Side guestLivesAt, Result result) throws Exception {
        assertThat(decide(guestLivesAt)).singleElement().satisfies(resolution -> assertThat(resolution.result())
                .isEqualTo(result));
        if (result != Result.LEFT_OPEN) {
            assertThat(recover()).isEmpty();
            assertThat(decide(guestLivesAt)).isEmpty();
        }
    }

    private void commitAndLose() throws Exception {
        try (ArrivalJournal journal = restored()) {
            journal.enter(DestinationState.COMMITTED);
        }
        removeGuest();
        assertResolved(Side.DESTINATION, Result.LEFT_OPEN);
    }

    @Test
    void aPersonSaysThatALostGuestLivesAtTheSource() throws Exception {
        commitAndLose();

        assertDecided(Side.SOURCE, Result.DISCARDED);
        assertThat(guests).isEmptyDirectory();
        assertThat(outcome()).isEqualTo(Outcome.NOT_TAKEN);
    }

    @Test
    void aPersonSaysThatALostGuestHasLivedHere() throws Exception {
        commitAndLose();

        assertDecided(Side.DESTINATION, Result.RECORDED);
        assertThat(guests.resolve(GUEST).resolve("vda.0.raw")).exists();
        assertThat(outcome()).isEqualTo(Outcome.TAKEN);
    }

    @Test
    void aGuestThatRunsIsNotEndedByAWord() throws Exception {
        restored().close();
        host.guest(GUEST).resume();

        assertDecided(Side.SOURCE, Result.LEFT_OPEN);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertDecided(Side.DESTINATION, Result.RECORDED);
        assertThat(outcome()).isEqualTo(Outcome.TAKEN);
    }

    @Test
    void whatHasBeenToldOtherwiseCannotBeSaid() throws Exception {
        try (ArrivalJournal journal = restored()) {
            journal.enter(DestinationState.ABANDONED);
        }
        host.guest(GUEST).resume();

        assertThatThrownBy(() -> decide(Side.DESTINATION))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.REQUEST_INVALID));
        assertThat(outcome()).isEqualTo(Outcome.NOT_TAKEN);
    }

    @Test
    void aPersonSaysAtTheSourceWhereItLives() throws Exception {
        try (DepartureJournal journal = departure()) {
            journal.commit(false);
        }
        pause();

        assertDecided(Side.SOURCE, Result.RESUMED);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void theDestinationsWordCountsMoreThanAPersons() throws Exception {
        try (DepartureJournal journal = departure()) {
            journal.commit(false);
        }
        pause();
        transport.answerFrom((any, asker) -> Outcome.TAKEN);

        assertDecided(Side.SOURCE, Result.RETIRED);
        assertThat(host.guests()).isEmpty();
    }

    @Test
    void aGuestThatRunsThoughNobodySaidSoIsForAPersonToSee() throws Exception {
        restored().close();
        host.guest(GUEST).resume();

        assertResolved(Side.DESTINATION, Result.LEFT_OPEN);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void whoeverAsksBeforeTheRecoveryIsToldTheTruthThatItThenKeepsTo() throws Exception {
        restored().close();

        assertThat(outcome()).isEqualTo(Outcome.NOT_TAKEN);
        assertThat(outcome()).isEqualTo(Outcome.NOT_TAKEN);
        assertResolved(Side.DESTINATION, Result.DISCARDED);
        assertThat(outcome()).isEqualTo(Outcome.NOT_TAKEN);
    }

    /** Its files have the same names, and its guest the same uuid. */
    private void comeAgain() throws Exception {
        ArrivalJournal.Facts first =
                ArrivalJournal.factsOf(ArrivalJournal.all(state).get(0)).orElseThrow();
        UUID again = UUID.randomUUID();
        try (ArrivalJournal later = ArrivalJournal.begin(
                state,
                new ArrivalJournal.Facts(
                        again,
                        GUEST,
                        uuid,
                        true,
                        first.directory(),
                        first.files(),
                        List.of(),
                        List.of(),
                        "host",
                        Optional.empty(),
                        true,
                        first.begun().plusSeconds(1)))) {
            later.enter(DestinationState.RECEIVED);
            later.enter(DestinationState.VERIFIED);
            later.enter(DestinationState.RESTORED);
            later.enter(DestinationState.COMMITTED);
            later.resumed();
        }
    }

    @Test
    void whatHasComeAgainSinceIsNotRemoved() throws Exception {
        restored().close();
        comeAgain();

        Path disk = guests.resolve(GUEST).resolve("vda.0.raw");
        Files.move(disk, guests.resolve("moved away"));
        Files.writeString(disk, "the later one's");

        assertResolved(Side.DESTINATION, Result.RECORDED);
        assertThat(host.stateOf(GUEST)).contains(GuestState.PAUSED);
        assertThat(disk).hasContent("the later one's");
    }

    /** What stands here paused may be the later one, which waits for its source's word. */
    @Test
    void whatWasHandedOverAndHasComeAgainSinceIsForAPersonToSee() throws Exception {
        try (ArrivalJournal journal = restored()) {
            journal.enter(DestinationState.COMMITTED);
        }
        comeAgain();

        assertResolved(Side.DESTINATION, Result.LEFT_OPEN);
        assertThat(host.stateOf(GUEST)).contains(GuestState.PAUSED);
        assertThat(outcome()).isEqualTo(Outcome.UNDER_WAY);
    }

    @Test
    void aClockThatWasSetBackDoesNotMakeAnArrivalAnEarlierOne() throws Exception {
        ArrivalJournal.Facts now;
        try (ArrivalJournal journal = restored()) {
            journal.enter(DestinationState.COMMITTED);
            now = journal.facts();
        }
        assertResolved(Side.DESTINATION, Result.RESUMED);
        pause();
        UUID nextPackage = UUID.randomUUID();
        try (ArrivalJournal journal = ArrivalJournal.begin(
                state,
                new ArrivalJournal.Facts(
                        nextPackage,
                        GUEST,
                        uuid,
                        true,
                        now.directory(),
                        now.files(),
                        List.of(),
                        List.of(),
                        "host",
                        Optional.empty(),
                        true,
                        now.begun().minus(Duration.ofHours(1))))) {
            journal.enter(DestinationState.RECEIVED);
            journal.enter(DestinationState.VERIFIED);
            journal.enter(DestinationState.RESTORED);
            journal.enter(DestinationState.COMMITTED);
        }

        assertThat(recover()).singleElement().satisfies(resolution -> {
            assertThat(resolution.packageId()).isEqualTo(nextPackage);
            assertThat(resolution.result()).isEqualTo(Result.RESUMED);
        });
    }

    @Test
    void whatNobodyWillAskForAnyMoreIsForgotten() throws Exception {
        try (ArrivalJournal journal = arrival(Instant.now().minus(Duration.ofDays(1001)))) {
            journal.enter(DestinationState.RECEIVED);
            journal.enter(DestinationState.VERIFIED);
            journal.enter(DestinationState.RESTORED);
            journal.enter(DestinationState.COMMITTED);
            journal.resumed();
        }
        assertThat(outcome()).isEqualTo(Outcome.TAKEN);

        assertThat(recover()).isEmpty();
        assertThat(outcome()).isEqualTo(Outcome.UNHEARD_OF);
        assertThat(ArrivalJournal.all(state)).isEmpty();
    }

    @Test
    void whatIsUnderWayIsLeftAlone() throws Exception {
        try (ArrivalJournal arriving = restored();
                DepartureJournal departing = departure()) {
            assertThat(recover()).isEmpty();
            arriving.enter(DestinationState.COMMITTED);
            departing.commit(false);
        }
        assertThat(recover()).hasSize(2);
    }

    @Test
    void aDamagedJournalIsOneOfSeveral() throws Exception {
        departure().close();
        pause();
        Path damaged = state.directory(HostState.Part.DEPARTURES).resolve(UUID.randomUUID() + ".journal");
        Files.writeString(damaged, "one\ntwo\nthree\n");

        RecoveryReport report = Recovery.of(host).state(state).run();

        assertThat(report.resolved()).isFalse();
        assertThat(report.resolutions())
                .extracting(Resolution::result)
                .containsExactlyInAnyOrder(Result.RESUMED, Result.LEFT_OPEN);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    /** The first line says whose it is; the second is the first step. */
    private static void damage(Path journal, int line) throws Exception {
        List<String> lines = new ArrayList<>(Files.readAllLines(journal));
        lines.set(line, "0" + lines.get(line));
        Files.write(journal, lines);
    }

    private Path arrivalOf(String guest) throws Exception {
        UUID other = UUID.randomUUID();
        Path home = guests.resolve(guest);
        Path file = ArrivalJournal.place(state, other, true);
        try (ArrivalJournal journal = ArrivalJournal.begin(
                file,
                state,
                new ArrivalJournal.Facts(
                        other,
                        guest,
                        UUID.randomUUID(),
                        true,
                        home,
                        List.of(home.resolve("vda.0.raw")),
                        List.of(),
                        List.of(),
                        "host",
                        Optional.empty(),
                        true,
                        Instant.now()))) {
            journal.enter(DestinationState.RECEIVED);
            journal.enter(DestinationState.VERIFIED);
            journal.enter(DestinationState.RESTORED);
        }
        return file;
    }

    @Test
    void aDamagedArrivalLeavesOnlyItselfOpen() throws Exception {
        restored().close();
        damage(arrivalOf("namable"), 1);
        damage(arrivalOf("forgotten"), 0);

        List<Resolution> resolutions = recover();

        assertThat(resolutions)
                .extracting(Resolution::guest, Resolution::result)
                .containsExactlyInAnyOrder(
                        tuple(GUEST, Result.DISCARDED),
                        tuple("namable", Result.LEFT_OPEN),
                        tuple("(not known)", Result.LEFT_OPEN));
        assertThat(resolutions)
                .filteredOn(one -> one.result() == Result.LEFT_OPEN)
                .allSatisfy(one -> assertThat(one.what()).contains("is damaged", ".journal", "remove the file"));
        assertThat(outcome()).isEqualTo(Outcome.NOT_TAKEN);
    }

    @Test
    void aPersonDecidesBesidesADamagedArrival() throws Exception {
        commitAndLose();
        damage(arrivalOf("forgotten"), 0);

        assertThat(decide(Side.SOURCE)).extracting(Resolution::result).containsExactly(Result.DISCARDED);
        assertThat(outcome()).isEqualTo(Outcome.NOT_TAKEN);
    }

    @Test
    void aGuestArrivesBesidesADamagedArrival() throws Exception {
        damage(arrivalOf(GUEST), 0);

        arrival().close();
    }

    @Test
    void aGuestOfADamagedArrivalIsNotCalledForgotten() throws Exception {
        ArrivalJournal journal = restored();
        journal.close();
        damage(ArrivalJournal.all(state).get(0), 1);

        assertThat(Recovery.of(host).state(state).run().pausedGuests()).isEmpty();
        assertThat(host.stateOf(GUEST)).contains(GuestState.PAUSED);
    }

    @Test
    void aDamagedDepartureBindsItsOwnGuestOnly() throws Exception {
        try (DepartureJournal journal = departure()) {
            journal.commit(false);
        }
        damage(DepartureJournal.all(state).get(0), 1);
        Path departures = state.directory(HostState.Part.DEPARTURES);

        assertThat(DepartureJournal.of(UUID.randomUUID(), departures, false)).isEmpty();
        assertThat(DepartureJournal.of(uuid, departures, true))
                .singleElement()
                .satisfies(seen -> assertThat(seen.mayBeCommitted()).isTrue());
        assertThat(recover()).singleElement().satisfies(resolution -> {
            assertThat(resolution.guest()).isEqualTo(GUEST);
            assertThat(resolution.result()).isEqualTo(Result.LEFT_OPEN);
        });
        assertThatThrownBy(() -> Migrator.of(host)
                        .state(state)
                        .from(GUEST)
                        .to(transport)
                        .start()
                        .await(SOON))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY));
    }

    @Test
    void namesGuestsThatArePausedThoughNoJournalSaysWhy() throws Exception {
        host.start(Domains.xml("forgotten"), new byte[1000], true);
        try (SavedGuest saved = host.guest("forgotten").save()) {
            saved.leavePaused();
        }

        RecoveryReport report = Recovery.of(host).state(state).run();

        assertThat(report.resolved()).isTrue();
        assertThat(report.pausedGuests()).extracting(Hypervisor.GuestId::name).containsExactly("forgotten");
        assertThat(host.stateOf("forgotten")).contains(GuestState.PAUSED);
    }

    @Test
    void withoutNotesThereIsNothingToRecoverFrom() {
        assertThatThrownBy(() -> Recovery.of(host).run())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("state");
    }

    // ---- both, while they live

    private final InMemoryHypervisor other = new InMemoryHypervisor("other");

    private Receiver receiver() {
        return Receiver.of(other).into(guests).state(state);
    }

    @Test
    void aSourceThatDoesNotHearTheAnswerAsks() throws Exception {
        HostState own = HostState.open(directory.resolve("own"));
        CountDownLatch taken = new CountDownLatch(1);
        transport.loseAnswerToCommit();
        transport.answerFrom((id, asker) -> {
            awaitQuietly(taken);
            return Recovery.outcomesIn(state).outcomeOf(id, asker);
        });

        Migration<SourceReport> sending =
                Migrator.of(host).state(own).from(GUEST).to(transport).start();
        DestinationReport received = receiver().receive(transport.accept(SOON)).await(SOON);
        taken.countDown();
        SourceReport sent = sending.await(SOON);

        assertThat(sent.summary().packageId()).isEqualTo(received.summary().packageId());
        assertThat(host.guests()).isEmpty();
        assertThat(other.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertThat(DepartureJournal.all(own)).isEmpty();
        own.images().references().close();
    }

    /** Whoever asks has lost the connection: what waits for the word over it must never get it. */
    @Test
    void aGuestThatItsSourceHasAskedForIsGivenUp() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        CountDownLatch asked = new CountDownLatch(1);
        HostState own = HostState.open(directory.resolve("own"));
        Migration<SourceReport> sending = Migrator.of(host)
                .state(own)
                .from(GUEST)
                .to(transport)
                .onEvent(event -> {
                    if (event.phase() == Phase.COMMIT) {
                        waiting.countDown();
                        awaitQuietly(asked);
                    }
                })
                .start();
        Migration<DestinationReport> receiving = receiver().receive(transport.accept(SOON));
        assertThat(waiting.await(20, TimeUnit.SECONDS)).isTrue();
        UUID id = ArrivalJournal.factsOf(ArrivalJournal.all(state).get(0))
                .orElseThrow()
                .packageId();

        assertThat(Recovery.outcomesIn(state).outcomeOf(id, Optional.empty())).isEqualTo(Outcome.NOT_TAKEN);
        asked.countDown();

        assertThatThrownBy(() -> sending.await(SOON)).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(
                        e.failure().source())
                .isEqualTo(EndState.RUNS));
        assertThatThrownBy(() -> receiving.await(SOON)).isInstanceOf(VmmigException.class);
        assertThat(host.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertThat(other.guests()).isEmpty();
        assertThat(Recovery.outcomesIn(state).outcomeOf(id, Optional.empty())).isEqualTo(Outcome.NOT_TAKEN);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new AssertionError("the other end did not get that far");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** What counts is what it did when it was saved, not when it was offered. */
    @Test
    void aGuestThatCameToBePausedStaysPausedAndIsStartedWithItsHost() throws Exception {
        try (ArrivalJournal journal = arrival()) {
            journal.enter(DestinationState.RECEIVED);
            journal.enter(DestinationState.VERIFIED);
            journal.restored(false, true);
            journal.enter(DestinationState.COMMITTED);
        }
        pause();

        assertResolved(Side.DESTINATION, Result.RECORDED);
        assertThat(host.stateOf(GUEST)).contains(GuestState.PAUSED);
        assertThat(host.guest(GUEST).inventory().autostart()).isTrue();
    }
}
