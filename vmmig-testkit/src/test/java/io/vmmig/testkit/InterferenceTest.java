// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.Notice;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.Outcome;
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
import org.junit.jupiter.params.provider.EnumSource;

/** Somebody else resumes, suspends or ends the guest, at either host, while it moves. */
@Timeout(60)
class InterferenceTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final InMemoryTransport transport = new InMemoryTransport();
    private final List<MigrationEvent> events = Collections.synchronizedList(new ArrayList<>());
    private Path image;
    private Path guests;
    private HostState stateOfA;
    private HostState stateOfB;

    @BeforeEach
    void startGuest() throws Exception {
        byte[] memory = new byte[5_000_000];
        new Random(1).nextBytes(memory);
        image = Files.write(directory.resolve("vda.raw"), new byte[300_000]);
        a.start(Domains.xml("web-1", Domains.disk("vda", image, "raw")), memory, true);
        guests = directory.resolve("guests");
        stateOfA = HostState.open(directory.resolve("state-of-a"));
        stateOfB = HostState.open(directory.resolve("state-of-b"));
    }

    @AfterEach
    void stopBuilding() throws Exception {
        stateOfA.images().references().close();
        stateOfB.images().references().close();
    }

    /** What others do as soon as a phase begins; the pipeline waits for it. */
    private static MigrationListener at(Phase phase, Runnable action) {
        return event -> {
            if (event instanceof MigrationEvent.PhaseStarted started && started.phase() == phase) {
                action.run();
            }
        };
    }

    private Migration<SourceReport> send(Phase phase, Runnable action) throws Exception {
        return Migrator.of(a)
                .state(stateOfA)
                .from("web-1")
                .to(transport)
                .onEvent(events::add)
                .onEvent(at(phase, action))
                .start();
    }

    private Migration<DestinationReport> receive(MigrationListener listener) throws Exception {
        return Receiver.of(b).into(guests).state(stateOfB).onEvent(listener).receive(transport.accept(SOON));
    }

    private Migration<DestinationReport> receive() throws Exception {
        return receive(event -> {});
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

    private void assertNothingCame() throws Exception {
        assertThat(b.guests()).isEmpty();
        assertThat(guests.toFile().list())
                .satisfiesAnyOf(l -> assertThat(l).isNull(), l -> assertThat(l).isEmpty());
        assertThat(image).exists();
    }

    @ParameterizedTest
    @EnumSource(names = {"DISKS", "SNAPSHOT", "RESTORE", "COMMIT"})
    void aGuestThatSomebodyResumesAtTheSourceStaysThereAndRuns(Phase phase) throws Exception {
        Migration<SourceReport> sending = send(phase, () -> a.interfere("web-1", GuestState.RUNNING));
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.GUEST_INTERFERED);
        assertThat(e.failure().source()).isEqualTo(EndState.RUNS);
        assertThat(e.failure().destination()).isIn(EndState.HOLDS_NOTHING, EndState.NOT_HANDED_OVER);
        assertThat(e).hasMessageContaining("web-1").hasMessageContaining("was resumed at 2");
        failureOf(receiving);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertNothingCame();
    }

    @ParameterizedTest
    @EnumSource(names = {"DISKS", "SNAPSHOT", "RESTORE", "COMMIT"})
    void aGuestThatRanForAMomentDoesNotMove(Phase phase) throws Exception {
        Migration<SourceReport> sending = send(phase, () -> {
            a.interfere("web-1", GuestState.RUNNING);
            a.interfere("web-1", GuestState.PAUSED);
        });
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.GUEST_INTERFERED);
        assertThat(e.failure().source()).as("as its user left it").isEqualTo(EndState.PAUSED);
        failureOf(receiving);
        assertThat(a.stateOf("web-1")).contains(GuestState.PAUSED);
        assertNothingCame();
    }

    @ParameterizedTest
    @EnumSource(names = {"DISKS", "SNAPSHOT", "RESTORE", "COMMIT"})
    void aGuestThatSomebodyEndsAtTheSourceComesUpNowhere(Phase phase) throws Exception {
        Migration<SourceReport> sending = send(phase, () -> a.stop("web-1"));
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.GUEST_NOT_RUNNING);
        assertThat(e.failure().source()).isEqualTo(EndState.STOPPED);
        assertThat(e.failure().destination()).isIn(EndState.HOLDS_NOTHING, EndState.NOT_HANDED_OVER);
        assertThat(e).hasMessageContaining("was ended at 2");
        failureOf(receiving);
        assertThat(a.stateOf("web-1")).contains(GuestState.STOPPED);
        assertNothingCame();
    }

    @ParameterizedTest
    @EnumSource(names = {"DISKS", "SNAPSHOT", "RESTORE", "COMMIT"})
    void aTransientGuestThatSomebodyEndsAtTheSourceComesUpNowhere(Phase phase) throws Exception {
        Migration<SourceReport> sending = send(phase, () -> a.destroy("web-1"));
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.GUEST_NOT_RUNNING);
        assertThat(e.failure().source()).isEqualTo(EndState.STOPPED);
        failureOf(receiving);
        assertThat(a.guests()).isEmpty();
        assertNothingCame();
    }

    /** Too late for a roll-back: it lives at the destination, where it may have been heard of already. */
    @Test
    void aGuestThatRunsAtTheSourceAfterItWasGivenAwayIsAnAlarmAndItsFilesStay() throws Exception {
        Migration<SourceReport> there = send(Phase.RETIRE, () -> {});
        receive().await(SOON);
        there.await(SOON);
        Path layer = guests.resolve("web-1/vda.0.raw");
        assertThat(layer).exists();
        Migration<SourceReport> sending = Migrator.of(b)
                .state(stateOfB)
                .from("web-1")
                .to(transport)
                .onEvent(events::add)
                .onEvent(at(Phase.RETIRE, () -> b.interfere("web-1", GuestState.RUNNING)))
                .start();
        Migration<DestinationReport> receiving = Receiver.of(a)
                .into(directory.resolve("guests-of-a"))
                .state(stateOfA)
                .receive(transport.accept(SOON));

        SourceReport report = sending.await(SOON);
        receiving.await(SOON);
        assertThat(b.guests()).isEmpty();
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(report.summary().notices())
                .filteredOn(notice -> notice.kind() == Notice.Kind.ALARM)
                .singleElement()
                .satisfies(alarm -> {
                    assertThat(alarm.subject()).isEqualTo("web-1");
                    assertThat(alarm.text())
                            .contains("ran at the source after it had been handed over")
                            .contains(layer.toString());
                });
        assertThat(events).filteredOn(MigrationEvent.Noticed.class::isInstance).hasSize(1);
        assertThat(layer).as("whatever it did there is for a person to see").exists();
    }

    @Test
    void aGuestThatSomebodyResumesWhileNobodyKnowsWhoHasItIsAnAlarm() throws Exception {
        transport.loseAnswerToCommit();
        transport.answerFrom((any, asker) -> {
            a.interfere("web-1", GuestState.RUNNING);
            return Outcome.UNDER_WAY;
        });
        Migration<SourceReport> sending = Migrator.of(a)
                .state(stateOfA)
                .from("web-1")
                .to(transport)
                .inquiryTimeout(Duration.ZERO)
                .onEvent(events::add)
                .start();
        receive().await(SOON);

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.OUTCOME_UNKNOWN);
        assertThat(e.failure().source()).isEqualTo(EndState.RUNS);
        assertThat(e.failure().destination()).isEqualTo(EndState.UNKNOWN);
        assertThat(events)
                .filteredOn(MigrationEvent.Noticed.class::isInstance)
                .singleElement()
                .satisfies(event -> assertThat(
                                ((MigrationEvent.Noticed) event).notice().kind())
                        .isEqualTo(Notice.Kind.ALARM));
    }

    @Test
    void aGuestThatNobodyTouchesIsMovedWithoutANotice() throws Exception {
        Migration<SourceReport> sending = send(Phase.RETIRE, () -> {});
        Migration<DestinationReport> receiving = receive();

        assertThat(sending.await(SOON).summary().notices()).isEmpty();
        assertThat(receiving.await(SOON).summary().notices()).isEmpty();
    }

    @Test
    void aGuestThatSomebodyResumesAtTheDestinationBeforeItIsSaidToBeThereIsRemovedThere() throws Exception {
        b.onRestored(name -> b.interfere(name, GuestState.RUNNING));
        Migration<SourceReport> sending = send(Phase.RETIRE, () -> {});
        Migration<DestinationReport> receiving = receive();

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.GUEST_INTERFERED);
        assertThat(e).hasMessageContaining("at the destination before it was handed over");
        assertThat(failureOf(receiving).problem()).isEqualTo(Problem.GUEST_INTERFERED);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertNothingCame();
    }

    @Test
    void aGuestThatSomebodyEndsAtTheDestinationContinuesAtItsSource() throws Exception {
        b.onRestored(b::destroy);
        Migration<SourceReport> sending = send(Phase.RETIRE, () -> {});
        Migration<DestinationReport> receiving = receive();

        assertThat(failureOf(sending).problem()).isEqualTo(Problem.GUEST_NOT_RUNNING);
        assertThat(failureOf(receiving).problem()).isEqualTo(Problem.GUEST_NOT_RUNNING);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertNothingCame();
    }

    /** The listener of the destination's COMMIT phase is called when the source has been told, and before it is heard. */
    @Test
    void aGuestThatSomebodyEndsAtTheDestinationWhileItIsGivenAwayContinuesAtItsSource() throws Exception {
        Migration<SourceReport> sending = send(Phase.RETIRE, () -> {});
        Migration<DestinationReport> receiving = receive(at(Phase.COMMIT, () -> b.destroy("web-1")));

        VmmigException e = failureOf(sending);
        assertThat(e.problem()).isEqualTo(Problem.GUEST_NOT_RUNNING);
        assertThat(e.failure().source()).isEqualTo(EndState.RUNS);
        failureOf(receiving);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertNothingCame();
    }

    /** The source has it paused, and gives it away: it runs where it belongs, a little early. */
    @Test
    void aGuestThatSomebodyResumesAtTheDestinationWhileItIsGivenAwayRunsThere() throws Exception {
        Migration<SourceReport> sending = send(Phase.RETIRE, () -> {});
        Migration<DestinationReport> receiving =
                receive(at(Phase.COMMIT, () -> b.interfere("web-1", GuestState.RUNNING)));

        sending.await(SOON);
        DestinationReport received = receiving.await(SOON);
        assertThat(a.guests()).isEmpty();
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(received.summary().notices()).extracting(Notice::kind).containsExactly(Notice.Kind.INTERFERENCE);
    }

    @Test
    void whatAnotherToolDidIsInTheReport() throws Exception {
        Migration<SourceReport> sending = send(Phase.SNAPSHOT, () -> a.observe("web-1", "a device was detached: net1"));
        Migration<DestinationReport> receiving = receive();

        SourceReport report = sending.await(SOON);
        receiving.await(SOON);
        assertThat(report.summary().notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.INTERFERENCE);
            assertThat(notice.text()).contains("a device was detached: net1");
        });
    }

    @Test
    void whatAnotherToolDidIsAnEventOfAFailedMigration() throws Exception {
        a.fail(InMemoryHypervisor.Step.STREAM);
        Migration<SourceReport> sending = send(Phase.SUSPEND, () -> a.observe("web-1", "it was told to reboot"));
        Migration<DestinationReport> receiving = receive();

        failureOf(sending);
        failureOf(receiving);
        assertThat(events).filteredOn(MigrationEvent.Noticed.class::isInstance).hasSize(1);
    }
}
