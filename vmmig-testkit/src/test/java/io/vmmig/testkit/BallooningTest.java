// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.CancelledException;
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
import io.vmmig.testkit.InMemoryHypervisor.Step;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest whose memory does not tell what is free, and which lends what is; it has 256 MiB, and keeps 64 of what is free. */
@Timeout(60)
@Tag("once")
class BallooningTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final long MIB = 1 << 20;
    private static final long FULL = 256 * MIB;
    private static final long MARGIN = 64 * MIB;
    private static final int LENT = (int) (12 * MIB);

    @TempDir
    private Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final InMemoryTransport transport = new InMemoryTransport();
    private final byte[] memory = new byte[(int) (16 * MIB)];
    private byte[] left = new byte[0];
    private HostState state;
    private HostState stateOfA;

    @AfterEach
    void stopBuilding() throws Exception {
        state.images().references().close();
        stateOfA.images().references().close();
    }

    @BeforeEach
    void startGuest() throws Exception {
        state = HostState.open(directory.resolve("state"));
        stateOfA = HostState.open(directory.resolve("state-of-a"));
        new Random(1).nextBytes(memory);
        a.start(Domains.xml("web-1"), memory, true);
        a.addBalloon("web-1", MARGIN + LENT, LENT);
        left = memory.clone();
        Arrays.fill(left, left.length - LENT, left.length, (byte) 0);
    }

    private Migration<SourceReport> send(Duration atMost) {
        return Migrator.of(a)
                .state(stateOfA)
                .from("web-1")
                .to(transport)
                .balloonTimeout(atMost)
                .start();
    }

    private Migration<DestinationReport> receive() throws Exception {
        return Receiver.of(b).into(directory.resolve("guests")).state(state).receive(transport.accept(SOON));
    }

    private SourceReport move() throws Exception {
        Migration<SourceReport> sending = send(SOON);
        receive().await(SOON);
        return sending.await(SOON);
    }

    private static VmmigException failureOf(Migration<?> migration) throws Exception {
        try {
            migration.await(SOON);
        } catch (VmmigException e) {
            return e;
        }
        throw new AssertionError("the migration went well");
    }

    @Test
    void whatAGuestLendsIsNotSentAndIsGivenBackWhereItGoes() throws Exception {
        SourceReport sent = move();

        assertThat(sent.balloon()).isEqualTo(new SourceReport.Balloon(LENT, 0, null));
        assertThat(sent.summary().packageBytes()).isBetween((long) memory.length - LENT, memory.length - LENT / 2L);
        assertThat(sent.toJson()).contains("\"takenBytes\": " + LENT);
        assertThat(b.memoryOf("web-1")).hasValue(left);
        assertThat(b.sizeOf("web-1")).hasValue(FULL);
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
    }

    @Test
    void nobodyIsAskedUnlessItWasAskedFor() throws Exception {
        Migration<SourceReport> sending = Migrator.of(a)
                .state(stateOfA)
                .from("web-1")
                .to(transport)
                .sendingFreePages()
                .start();
        receive().await(SOON);

        assertThat(sending.await(SOON).balloon()).isNull();
        assertThat(sending.await(SOON).toJson()).doesNotContain("balloon");
        assertThatThrownBy(() -> Migrator.of(a).balloonTimeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theDestinationIsToldOfAllMemory() throws Exception {
        b.fail(Step.RESIZE);

        SourceReport sent = move();

        assertThat(sent.balloon()).isEqualTo(new SourceReport.Balloon(LENT, 0, null));
        assertThat(b.stateOf("web-1")).as("whatever comes after the commit").contains(GuestState.RUNNING);
        assertThat(b.sizeOf("web-1")).as("what the stream says").hasValue(FULL - LENT);
    }

    @ParameterizedTest
    @EnumSource(names = {"SAVE", "STREAM"})
    void aGuestThatContinuesHereGetsItBack(Step step) throws Exception {
        a.fail(step);
        Migration<SourceReport> sending = send(SOON);
        Migration<DestinationReport> receiving = receive();

        assertThat(failureOf(sending).problem()).isEqualTo(Problem.HYPERVISOR_FAILED);
        failureOf(receiving);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(a.sizeOf("web-1")).hasValue(FULL);
        assertThat(a.memoryOf("web-1")).as("it was lent").hasValue(left);
    }

    @Test
    void aGuestOfWhichNobodyKnowsWhereItRunsGetsItBackInBothPlaces() throws Exception {
        transport.loseAnswerToCommit();
        Migration<SourceReport> sending = send(SOON);
        receive().await(SOON);

        assertThat(failureOf(sending).problem()).isEqualTo(Problem.OUTCOME_UNKNOWN);
        assertThat(a.stateOf("web-1")).contains(GuestState.PAUSED);
        assertThat(a.sizeOf("web-1")).hasValue(FULL);
        assertThat(b.sizeOf("web-1")).hasValue(FULL);
    }

    @Test
    void aDriverThatDoesNotAnswerChangesNothing() throws Exception {
        a.addBalloon("web-1", MARGIN + LENT, 0);

        assertThat(move().balloon()).isEqualTo(new SourceReport.Balloon(0, LENT, "its balloon driver does not answer"));
        assertThat(b.sizeOf("web-1")).hasValue(FULL);
    }

    @Test
    void whatADriverLendsInTimeIsEnough() throws Exception {
        a.addBalloon("web-1", MARGIN + LENT, 5 * MIB);
        Migration<SourceReport> sending = send(Duration.ofMillis(200));
        receive().await(SOON);

        assertThat(sending.await(SOON).balloon())
                .isEqualTo(new SourceReport.Balloon(5 * MIB, LENT - 5 * MIB, "the time was up"));
        assertThat(b.sizeOf("web-1")).hasValue(FULL);
    }

    @Test
    void aGuestKeepsWhatItNeeds() throws Exception {
        a.addBalloon("web-1", MARGIN + MIB - 1, FULL);

        assertThat(move().balloon()).isEqualTo(new SourceReport.Balloon(0, 0, "it has no memory to spare"));
    }

    @Test
    void aGuestThatTellsNonsenseKeepsAll() throws Exception {
        a.addBalloon("web-1", Long.MAX_VALUE, FULL);

        assertThat(move().balloon()).isEqualTo(new SourceReport.Balloon(0, 0, "it has no memory to spare"));
        assertThat(b.memoryOf("web-1").orElseThrow()).startsWith(Arrays.copyOf(left, 1000));
    }

    @Test
    void aBalloonThatFailsFailsNoMigration() throws Exception {
        a.fail(Step.RESIZE);

        assertThat(move().balloon().missedBecause()).contains("told to fail at RESIZE");
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
    }

    @Test
    void aGuestWithoutADriverIsSentAsItIs() throws Exception {
        a.start(Domains.xml("web-2"), memory, true);
        Migration<SourceReport> sending = Migrator.of(a)
                .state(stateOfA)
                .from("web-2")
                .to(transport)
                .balloonTimeout(SOON)
                .start();
        receive().await(SOON);

        assertThat(sending.await(SOON).balloon())
                .isEqualTo(new SourceReport.Balloon(0, 0, "it does not tell how much of its memory is free"));
    }

    @Test
    void cancelWhileADriverIsBusyGivesItBack() throws Exception {
        a.addBalloon("web-1", MARGIN + LENT, 5 * MIB);
        CountDownLatch asked = new CountDownLatch(1);
        Migration<SourceReport> sending = Migrator.of(a)
                .state(stateOfA)
                .from("web-1")
                .to(transport)
                .balloonTimeout(SOON)
                .onEvent(e -> {
                    if (e.phase() == Phase.BOOT_FILES) {
                        asked.countDown();
                    }
                })
                .start();
        Migration<DestinationReport> receiving = receive();
        assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
        while (a.sizeOf("web-1").orElseThrow() == FULL) {
            Thread.onSpinWait();
        }

        assertThat(sending.cancel()).isTrue();

        assertThat(failureOf(sending)).isInstanceOf(CancelledException.class);
        failureOf(receiving);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(a.sizeOf("web-1")).hasValue(FULL);
    }

    /** Somebody sets the memory after the offer, and whatever libvirt knows of it when it saves the guest. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatItsUsersHaveTakenIsNotGivenBack(boolean xmlIsLate) throws Exception {
        if (xmlIsLate) {
            a.freezeSizeInXml("web-1");
        }
        Migration<SourceReport> sending = Migrator.of(a)
                .state(stateOfA)
                .from("web-1")
                .to(transport)
                .sendingFreePages()
                .onEvent(at(Phase.SUSPEND, () -> resize(a, FULL - LENT)))
                .start();
        receive().await(SOON);

        assertThat(sending.await(SOON).summary().notices()).isEmpty();
        assertThat(b.sizeOf("web-1")).hasValue(FULL - LENT);
    }

    /** It may also be that a balloon goes on there with what it was asked for here. */
    @Test
    void whatABalloonDoesAtTheDestinationIsLeftToIt() throws Exception {
        Migration<SourceReport> sending = Migrator.of(a)
                .state(stateOfA)
                .from("web-1")
                .to(transport)
                .sendingFreePages()
                .start();
        Receiver.of(b)
                .into(directory.resolve("guests"))
                .state(state)
                .onEvent(at(Phase.RESUME, () -> {
                    b.addBalloon("web-1", MARGIN + LENT, LENT);
                    resize(b, FULL - LENT);
                }))
                .receive(transport.accept(SOON))
                .await(SOON);
        sending.await(SOON);

        assertThat(b.sizeOf("web-1")).hasValue(FULL - LENT);
    }

    @Test
    void whoSetsTheMemoryOfAGuestThatHasLentSomeIsTold() throws Exception {
        Migration<SourceReport> sending = Migrator.of(a)
                .state(stateOfA)
                .from("web-1")
                .to(transport)
                .balloonTimeout(SOON)
                .onEvent(at(Phase.SUSPEND, () -> resize(a, FULL - LENT / 2)))
                .start();
        receive().await(SOON);

        assertThat(sending.await(SOON).summary().notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.INTERFERENCE);
            assertThat(notice.text()).contains("changed from 249856 to 256000 KiB", "gets back 262144 KiB");
        });
        assertThat(b.sizeOf("web-1")).hasValue(FULL);
    }

    private static MigrationListener at(Phase phase, Runnable what) {
        return event -> {
            if (event instanceof MigrationEvent.PhaseStarted started && started.phase() == phase) {
                what.run();
            }
        };
    }

    private static void resize(InMemoryHypervisor host, long bytes) {
        try {
            host.guest("web-1").balloon().orElseThrow().resize(bytes);
        } catch (VmmigException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theXmlOfAGuestSaysWhatItHas() throws Exception {
        a.guest("web-1").balloon().orElseThrow().resize(FULL - LENT);

        assertThat(DomainXml.parse(a.guest("web-1").domainXml()).currentMemoryBytes())
                .isEqualTo(FULL - LENT);
    }
}
