// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.error.CancelledException;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor.Step;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.Peer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cancels a migration in every phase, and at every step of both hypervisors, at either end. */
@Timeout(60)
class CancelTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private enum End {
        SOURCE,
        DESTINATION;

        String says() {
            return "the migration was cancelled at the " + name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    @TempDir
    private Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final InMemoryTransport transport = new InMemoryTransport();
    private final CompletableFuture<Migration<SourceReport>> sending = new CompletableFuture<>();
    private final CompletableFuture<Migration<DestinationReport>> receiving = new CompletableFuture<>();
    private final CompletableFuture<Boolean> accepted = new CompletableFuture<>();
    private final byte[] memory = new byte[3_000_000];
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private final PrintStream stderr = System.err;
    private HostState stateOfA;
    private HostState stateOfB;

    @BeforeEach
    void startGuest() throws Exception {
        new Random(1).nextBytes(memory);
        Path image = Files.write(directory.resolve("vda.raw"), Arrays.copyOf(memory, 300_000));
        Path kernel = Files.write(directory.resolve("kernel"), Arrays.copyOfRange(memory, 300_000, 400_000));
        String xml = Domains.xml("web-1", Domains.disk("vda", image, "raw"))
                .replace("hvm</type>", "hvm</type><kernel>" + kernel + "</kernel>");
        a.start(xml, memory, true);
        stateOfA = HostState.open(directory.resolve("state-of-a"));
        stateOfB = HostState.open(directory.resolve("state-of-b"));
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void stopBuilding() throws Exception {
        System.setErr(stderr);
        stderr.write(log.toByteArray());
        stateOfA.images().references().close();
        stateOfB.images().references().close();
    }

    private Migrator migrator() {
        return Migrator.of(a).state(stateOfA).from("web-1").to(transport);
    }

    private Migration<DestinationReport> receive(MigrationListener listener) throws Exception {
        return Receiver.of(b)
                .into(directory.resolve("guests"))
                .state(stateOfB)
                .onEvent(listener)
                .receive(transport.accept(SOON));
    }

    private void move(MigrationListener atSource, MigrationListener atDestination) throws Exception {
        sending.complete(migrator().onEvent(atSource).start());
        receiving.complete(receive(atDestination));
    }

    private void cancel(End end) {
        accepted.complete((end == End.SOURCE ? sending : receiving).join().cancel());
    }

    private MigrationListener cancelling(End end, Phase phase) {
        AtomicBoolean done = new AtomicBoolean();
        return event -> {
            if (event instanceof MigrationEvent.PhaseStarted
                    && event.phase() == phase
                    && done.compareAndSet(false, true)) {
                cancel(end);
            }
        };
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

    private void assertCancelledBy(End end) throws Exception {
        VmmigException atSource = failureOf(sending.join());
        VmmigException atDestination = failureOf(receiving.join());
        assertThat(accepted.join()).as("cancel() has said so").isTrue();
        VmmigException own = end == End.SOURCE ? atSource : atDestination;
        VmmigException peers = end == End.SOURCE ? atDestination : atSource;
        assertThat(own).isInstanceOf(CancelledException.class).hasMessageContaining(end.says());
        assertThat(own.problem()).isEqualTo(Problem.CANCELLED);
        assertThat(peers).isInstanceOf(CancelledException.class).hasMessageContaining(end.says());
        assertThat(peers.problem()).isEqualTo(Problem.PEER_CANCELLED);
        assertThat(atSource.failure().source()).isIn(EndState.UNTOUCHED, EndState.RUNS);
        assertUnharmed();
    }

    private void assertUnharmed() throws Exception {
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(a.memoryOf("web-1").orElseThrow()).isEqualTo(memory);
        assertThat(b.guests()).isEmpty();
        String[] left = directory.resolve("guests").toFile().list();
        assertThat(left == null ? new String[0] : left).isEmpty();
        assertThat(log.toString(StandardCharsets.UTF_8)).as("stack traces").doesNotContain("\tat ");
    }

    private void assertMoved() throws Exception {
        sending.join().await(SOON);
        receiving.join().await(SOON);
        assertThat(accepted.join()).as("cancel() has said that it is too late").isFalse();
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(a.guests()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "SOURCE, OFFER",
        "SOURCE, BOOT_FILES",
        "SOURCE, SUSPEND",
        "SOURCE, DISKS",
        "SOURCE, SNAPSHOT",
        "SOURCE, RESTORE",
        "SOURCE, COMMIT",
        "DESTINATION, OFFER",
        "DESTINATION, BOOT_FILES",
        "DESTINATION, SUSPEND",
        "DESTINATION, DISKS",
        "DESTINATION, SNAPSHOT",
        "DESTINATION, RESTORE",
        "DESTINATION, COMMIT"
    })
    void inEachPhaseOfTheSource(End end, Phase phase) throws Exception {
        move(cancelling(end, phase), event -> {});
        assertCancelledBy(end);
    }

    @ParameterizedTest
    @CsvSource({
        "SOURCE, OFFER",
        "SOURCE, BOOT_FILES",
        "SOURCE, DISKS",
        "SOURCE, SNAPSHOT",
        "SOURCE, RESTORE",
        "DESTINATION, OFFER",
        "DESTINATION, BOOT_FILES",
        "DESTINATION, DISKS",
        "DESTINATION, SNAPSHOT",
        "DESTINATION, RESTORE"
    })
    void inEachPhaseOfTheDestination(End end, Phase phase) throws Exception {
        move(event -> {}, cancelling(end, phase));
        assertCancelledBy(end);
    }

    @ParameterizedTest
    @CsvSource({"SOURCE, SAVE", "SOURCE, STREAM", "DESTINATION, SAVE", "DESTINATION, STREAM"})
    void atEachStepOfTheSourcesHypervisor(End end, Step step) throws Exception {
        a.before(step, () -> cancel(end));
        move(event -> {}, event -> {});
        assertCancelledBy(end);
    }

    @ParameterizedTest
    @CsvSource({
        "SOURCE, LIST", "SOURCE, RESTORE", "SOURCE, START", "SOURCE, FINISH",
        "DESTINATION, LIST", "DESTINATION, RESTORE", "DESTINATION, START", "DESTINATION, FINISH"
    })
    void atEachStepOfTheDestinationsHypervisor(End end, Step step) throws Exception {
        b.before(step, () -> cancel(end));
        move(event -> {}, event -> {});
        assertCancelledBy(end);
    }

    @ParameterizedTest
    @CsvSource({"SOURCE", "DESTINATION"})
    void tooLate(End end) throws Exception {
        b.before(Step.RESUME_RESTORED, () -> cancel(end));
        move(event -> {}, event -> {});
        assertMoved();
    }

    @ParameterizedTest
    @CsvSource({"PREPARE", "CONNECT"})
    void beforeItConnectsTheDestinationHearsNothing(Phase phase) throws Exception {
        sending.complete(migrator().onEvent(cancelling(End.SOURCE, phase)).start());

        VmmigException e = failureOf(sending.join());

        assertThat(e.problem()).isEqualTo(Problem.CANCELLED);
        assertThat(e.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(e).hasMessageContaining(End.SOURCE.says());
        assertNobodyCame();
        assertUnharmed();
    }

    private void assertNobodyCame() {
        assertThatThrownBy(() -> transport.accept(Duration.ZERO))
                .isInstanceOf(VmmigException.class)
                .hasMessageContaining("nobody came");
    }

    /** What a cancelled migration does not wait for: it stands still until the migration is over. */
    private static final class Block implements Runnable {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);

        @Override
        public void run() {
            reached.countDown();
            boolean done = false;
            while (!done) {
                try {
                    released.await();
                    done = true;
                } catch (InterruptedException e) {
                    // As libvirt, which nothing can interrupt.
                }
            }
        }
    }

    @Test
    void doesNotWaitForTheHypervisorOfTheSource() throws Exception {
        Block block = new Block();
        a.before(Step.LOOK_UP, block);
        sending.complete(migrator().start());
        block.reached.await();

        cancel(End.SOURCE);

        assertThat(failureOf(sending.join()).problem()).isEqualTo(Problem.CANCELLED);
        assertNobodyCame();
        assertUnharmed();
        block.released.countDown();
    }

    @ParameterizedTest
    @CsvSource({"SOURCE", "DESTINATION"})
    void doesNotWaitForTheHypervisorOfTheDestination(End end) throws Exception {
        Block block = new Block();
        b.before(Step.LIST, block);
        move(event -> {}, event -> {});
        block.reached.await();

        cancel(end);

        if (end == End.SOURCE) {
            assertThat(failureOf(sending.join()).problem()).isEqualTo(Problem.CANCELLED);
            block.released.countDown();
        }
        assertCancelledBy(end);
        block.released.countDown();
    }

    @Test
    void doesNotWaitForAConnection() throws Exception {
        Block block = new Block();
        CompletableFuture<OutgoingSession> late = new CompletableFuture<>();
        Peer slow = new Peer() {
            @Override
            public OutgoingSession open() {
                block.run();
                OutgoingSession session = transport.open();
                late.complete(session);
                return session;
            }

            @Override
            public String description() {
                return "a slow network";
            }

            @Override
            public Optional<String> address() {
                return Optional.empty();
            }

            @Override
            public Outcome outcomeOf(UUID packageId) {
                return Outcome.UNHEARD_OF;
            }
        };
        sending.complete(migrator().to(slow).start());
        block.reached.await();

        cancel(End.SOURCE);

        assertThat(failureOf(sending.join()).problem()).isEqualTo(Problem.CANCELLED);
        assertUnharmed();
        block.released.countDown();
        late.join();
        assertThatThrownBy(() -> transport.accept(SOON).offer())
                .isInstanceOf(CancelledException.class)
                .hasMessageContaining(End.SOURCE.says());
    }
}
