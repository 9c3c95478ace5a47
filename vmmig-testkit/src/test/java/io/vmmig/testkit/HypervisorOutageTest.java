// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.RecoveryReport.Resolution;
import io.vmmig.report.RecoveryReport.Result;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A hypervisor that does not answer for a while, as when libvirtd is started again, and what is said of a guest meanwhile. */
@Timeout(60)
class HypervisorOutageTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration BRIEFLY = Duration.ofMillis(250);
    private static final String GUEST = "web-1";
    private static final int FOR_A_WHILE = 4;
    private static final int FOR_GOOD = Integer.MAX_VALUE;

    @TempDir
    Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("b");
    private final InMemoryTransport transport = new InMemoryTransport();
    private HostState stateOfA;
    private HostState stateOfB;
    private Path guests;

    @BeforeEach
    void startGuest() throws Exception {
        Path image = Files.write(directory.resolve("vda.raw"), new byte[100_000]);
        a.start(Domains.xml(GUEST, Domains.disk("vda", image, "raw")), new byte[3_000_000], true);
        guests = directory.resolve("guests");
        stateOfA = HostState.open(directory.resolve("a"));
        stateOfB = HostState.open(directory.resolve("b"));
    }

    @AfterEach
    void stopBuilding() throws Exception {
        stateOfA.images().references().close();
        stateOfB.images().references().close();
    }

    private Migration<SourceReport> send(Duration patience, Consumer<MigrationEvent> events) throws Exception {
        return Migrator.of(a)
                .from(GUEST)
                .to(transport)
                .state(stateOfA)
                .inquiryTimeout(Duration.ZERO)
                .hypervisorTimeout(patience)
                .onEvent(events::accept)
                .start();
    }

    private Migration<DestinationReport> receive(Duration patience) throws Exception {
        return Receiver.of(b)
                .into(guests)
                .state(stateOfB)
                .hypervisorTimeout(patience)
                .receive(transport.accept(SOON));
    }

    private static VmmigException failureOf(Migration<?> migration) throws Exception {
        try {
            migration.await(SOON);
        } catch (VmmigException e) {
            return e;
        }
        throw new AssertionError("the migration went well");
    }

    private List<Resolution> recover(InMemoryHypervisor host, HostState state) throws Exception {
        return Recovery.of(host).state(state).asking(address -> transport).run().resolutions();
    }

    private void assertOnlyAt(InMemoryHypervisor here, InMemoryHypervisor other) throws Exception {
        assertThat(here.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertThat(other.guests()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"SAVE", "STREAM"})
    void theSourceResumesTheGuestAsSoonAsItCan(Step step) throws Exception {
        a.cutOff(step, FOR_A_WHILE);
        Migration<SourceReport> sending = send(SOON, e -> {});
        Migration<DestinationReport> receiving = receive(SOON);

        VmmigException failure = failureOf(sending);
        assertThat(failure.problem()).isEqualTo(Problem.HYPERVISOR_UNREACHABLE);
        assertThat(failure.failure().source()).isIn(EndState.RUNS, EndState.UNTOUCHED);
        failureOf(receiving);
        assertOnlyAt(a, b);
        assertThat(recover(a, stateOfA)).as("nothing is left to recover").isEmpty();
        assertThat(recover(b, stateOfB)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"SAVE", "STREAM"})
    void ifItCannotItSaysSoAndRecoveryDoes(Step step) throws Exception {
        a.cutOff(step, FOR_GOOD);
        Migration<SourceReport> sending = send(BRIEFLY, e -> {});
        Migration<DestinationReport> receiving = receive(SOON);

        VmmigException failure = failureOf(sending);
        assertThat(failure.failure().source()).isEqualTo(EndState.UNKNOWN);
        assertThat(failure).hasMessageContaining("Recovery");
        failureOf(receiving);

        a.reconnect();
        recover(a, stateOfA);
        assertOnlyAt(a, b);
    }

    @Test
    void aGuestThatWasHandedOverIsRemovedAsSoonAsThatCanBe() throws Exception {
        a.cutOff(Step.RETIRE, FOR_A_WHILE);
        Migration<SourceReport> sending = send(SOON, e -> {});
        receive(SOON).await(SOON);
        sending.await(SOON);

        assertOnlyAt(b, a);
        assertThat(recover(a, stateOfA)).isEmpty();
    }

    @Test
    void ifThatCannotBeRecoveryDoes() throws Exception {
        transport.answerFrom(Recovery.outcomesIn(stateOfB));
        a.cutOff(Step.RETIRE, FOR_GOOD);
        Migration<SourceReport> sending = send(BRIEFLY, e -> {});
        receive(SOON).await(SOON);
        VmmigException failure = failureOf(sending);
        assertThat(failure.failure().source()).isEqualTo(EndState.UNKNOWN);
        assertThat(failure.failure().destination()).isEqualTo(EndState.RUNS);
        assertThat(failure).hasMessageContaining("Recovery");

        a.reconnect();
        recover(a, stateOfA);
        assertOnlyAt(b, a);
    }

    @Test
    void theDestinationResumesTheGuestAsSoonAsItCan() throws Exception {
        b.cutOff(Step.RESUME_RESTORED, FOR_A_WHILE);
        Migration<SourceReport> sending = send(SOON, e -> {});
        receive(SOON).await(SOON);
        sending.await(SOON);

        assertOnlyAt(b, a);
    }

    /** It may not be removed: its source may only learn that it was taken, or that it never will be. */
    @Test
    void ifItCannotTheGuestIsKeptAndRecoveryDoes() throws Exception {
        transport.answerFrom(Recovery.outcomesIn(stateOfB));
        b.cutOff(Step.RESUME_RESTORED, FOR_GOOD);
        Migration<SourceReport> sending = send(SOON, e -> {});
        VmmigException failure = failureOf(receive(BRIEFLY));
        assertThat(failure.failure().destination()).isEqualTo(EndState.UNKNOWN);
        assertThat(failure).hasMessageContaining("Recovery");
        assertThat(failureOf(sending).problem()).isEqualTo(Problem.OUTCOME_UNKNOWN);
        assertThat(a.stateOf(GUEST)).contains(GuestState.PAUSED);

        b.reconnect();
        assertThat(recover(b, stateOfB)).extracting(Resolution::result).containsExactly(Result.RESUMED);
        recover(a, stateOfA);
        assertOnlyAt(b, a);
    }

    @ParameterizedTest
    @EnumSource(names = {"START", "FINISH"})
    void whatAFailedRestoreHasLeftIsRemovedAsSoonAsThatCanBe(Step step) throws Exception {
        b.cutOff(step, FOR_A_WHILE);
        Migration<SourceReport> sending = send(SOON, e -> {});
        Migration<DestinationReport> receiving = receive(SOON);

        VmmigException failure = failureOf(sending);
        assertThat(failure.failure().source()).isIn(EndState.RUNS, EndState.UNTOUCHED);
        assertThat(failure.failure().destination()).isEqualTo(EndState.HOLDS_NOTHING);
        assertThat(failureOf(receiving).failure().destination()).isEqualTo(EndState.HOLDS_NOTHING);
        assertOnlyAt(a, b);
        assertThat(recover(b, stateOfB)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"START", "FINISH"})
    void whatCannotBeSeenToBeGoneIsNotSaidToBeGone(Step step) throws Exception {
        b.cutOff(step, FOR_GOOD);
        Migration<SourceReport> sending = send(SOON, e -> {});
        VmmigException atDestination = failureOf(receive(BRIEFLY));
        assertThat(atDestination.failure().destination()).isEqualTo(EndState.UNKNOWN);
        assertThat(atDestination).hasMessageContaining("Recovery");
        VmmigException atSource = failureOf(sending);
        assertThat(atSource.failure().destination()).isNotEqualTo(EndState.HOLDS_NOTHING);
        assertThat(a.stateOf(GUEST)).contains(GuestState.RUNNING);

        b.reconnect();
        assertThat(recover(b, stateOfB)).extracting(Resolution::result).containsExactly(Result.DISCARDED);
        assertOnlyAt(a, b);
    }

    @Test
    void aGuestThatSomebodyHasEndedIsNotSaidToBePaused() throws Exception {
        a.fail(Step.STREAM);
        a.fail(Step.RESUME_SAVED);
        Migration<SourceReport> sending = send(SOON, once(Phase.SNAPSHOT, () -> a.stop(GUEST)));
        Migration<DestinationReport> receiving = receive(SOON);

        assertThat(failureOf(sending).failure().source()).isEqualTo(EndState.STOPPED);
        failureOf(receiving);
    }

    @Test
    void norOneThatIsGone() throws Exception {
        a.fail(Step.STREAM);
        a.fail(Step.RESUME_SAVED);
        Migration<SourceReport> sending = send(SOON, once(Phase.SNAPSHOT, () -> a.remove(GUEST)));
        Migration<DestinationReport> receiving = receive(SOON);

        assertThat(failureOf(sending).failure().source()).isEqualTo(EndState.STOPPED);
        failureOf(receiving);
    }

    /** Both ends fail, one after the other: it was handed over, refused, and can be resumed at neither. */
    @Test
    void aDestinationThatHasRefusedIsNotSaidToRunTheGuest() throws Exception {
        b.fail(Step.RESUME_RESTORED);
        a.fail(Step.RESUME_SAVED);
        Migration<SourceReport> sending = send(SOON, e -> {});
        failureOf(receive(SOON));

        VmmigException failure = failureOf(sending);
        assertThat(failure.failure().source()).isEqualTo(EndState.PAUSED);
        assertThat(failure.failure().destination()).isEqualTo(EndState.HOLDS_NOTHING);
    }

    private static Consumer<MigrationEvent> once(Phase phase, Runnable what) {
        return event -> {
            if (event instanceof MigrationEvent.PhaseStarted started && started.phase() == phase) {
                what.run();
            }
        };
    }
}
