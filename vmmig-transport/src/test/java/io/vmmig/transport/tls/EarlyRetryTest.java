// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A source crashes, and offers its guest again while the destination still waits for it to come back. */
@Timeout(120)
class EarlyRetryTest {
    private static final Duration SOON = Duration.ofSeconds(40);
    private static final String GUEST = "web-1";

    @TempDir
    private Path temp;

    private final UUID uuid = UUID.randomUUID();
    private final byte[] memory = new byte[3_000_000];
    private final InMemoryHypervisor crashing = new InMemoryHypervisor("host-a");
    /** The same host, as the program sees it that is started after the crash. */
    private final InMemoryHypervisor again = new InMemoryHypervisor("host-a");

    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final CountDownLatch midway = new CountDownLatch(1);
    private final CountDownLatch proceed = new CountDownLatch(1);
    private final List<HostState> states = new ArrayList<>();
    private HostIdentity idA;
    private HostIdentity idB;
    private HostIdentity idC;
    private TlsListener listener;
    private CutLink link;
    private Receiver receiver;
    private Path guests;
    private byte[] disk;

    @BeforeEach
    void startGuest() throws Exception {
        idA = HostIdentity.in(temp.resolve("a"));
        idB = HostIdentity.in(temp.resolve("b"));
        idC = HostIdentity.in(temp.resolve("c"));
        new Random(1).nextBytes(memory);
        disk = new byte[200_000];
        new Random(2).nextBytes(disk);
        Path image = Files.write(temp.resolve("vda.raw"), disk);
        String xml = "<domain type='qemu'><name>" + GUEST + "</name><uuid>" + uuid + "</uuid>"
                + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
                + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
                + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
                + "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='" + image
                + "'/><target dev='vda' bus='virtio'/></disk></devices></domain>";
        crashing.start(xml, memory, true);
        again.start(xml, memory, true);
        HostState state = state("b");
        listener = TlsListener.on("127.0.0.1", 0)
                .as(idB)
                .trusting(Set.of(idA.fingerprint(), idC.fingerprint()))
                .answering(Recovery.outcomesIn(state))
                .listen();
        link = new CutLink(listener.port());
        guests = temp.resolve("guests");
        receiver = Receiver.of(b).into(guests).state(state);
    }

    @AfterEach
    void close() throws Exception {
        proceed.countDown();
        link.close();
        listener.close();
        for (HostState state : states) {
            state.images().references().close();
        }
    }

    private HostState state(String name) throws Exception {
        HostState state = HostState.open(temp.resolve("state-of-" + name));
        states.add(state);
        return state;
    }

    private TlsTransport transport(HostIdentity from, int port) throws Exception {
        return TlsTransport.to("127.0.0.1", port).as(from).trusting(idB.fingerprint());
    }

    private void awaitMidway() {
        try {
            midway.countDown();
            if (!proceed.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody let it go on");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Sends the guest, and stands still while its memory is on the way. */
    private Migration<SourceReport> sendHalf(Duration resuming) throws Exception {
        return Migrator.of(crashing)
                .state(state("a"))
                .from(GUEST)
                .to(transport(idA, link.port()).resumingWithin(resuming))
                .onEvent(event -> {
                    if (event.phase() == Phase.SNAPSHOT) {
                        awaitMidway();
                    }
                })
                .start();
    }

    private Migration<SourceReport> sendAgain(HostIdentity by) throws Exception {
        return Migrator.of(again)
                .state(state("a-again"))
                .from(GUEST)
                .to(transport(by, listener.port()))
                .start();
    }

    private IncomingSession accept() throws Exception {
        return listener.accept(SOON);
    }

    private static Problem problemOf(Migration<?> migration) {
        return catchThrowableOfType(VmmigException.class, () -> migration.await(SOON))
                .problem();
    }

    private void crash(IncomingSession session) {
        link.refusing = true;
        link.cut();
        while (!session.disconnected()) {
            Thread.onSpinWait();
        }
    }

    /** Its source has asked for the outcome, and offers the guest again before the destination has removed what it has. */
    @Test
    void anAttemptThatIsEndingIsAwaited() throws Exception {
        CountDownLatch remove = new CountDownLatch(1);
        b.before(InMemoryHypervisor.Step.REMOVE_RESTORED, () -> {
            try {
                remove.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        Migration<SourceReport> first = Migrator.of(crashing)
                .state(state("a"))
                .from(GUEST)
                .to(transport(idA, link.port()).resumingWithin(Duration.ofMillis(500)))
                .onEvent(event -> {
                    if (event.phase() == Phase.COMMIT) {
                        awaitMidway();
                    }
                })
                .start();
        IncomingSession session = accept();
        UUID offered = session.offer().manifest().packageId();
        receiver.receive(session);
        assertThat(midway.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(Recovery.outcomesIn(states.get(0))
                        .outcomeOf(offered, Optional.of(idA.fingerprint().toString())))
                .isEqualTo(Outcome.NOT_TAKEN);

        Migration<SourceReport> second = sendAgain(idA);
        Migration<DestinationReport> receiving = receiver.receive(accept());
        Await.until(
                "the second attempt to wait for the first",
                () -> receiving.completion().toCompletableFuture().isDone() || waitsForAnEarlierArrival());
        remove.countDown();
        receiving.await(SOON);
        second.await(SOON);
        proceed.countDown();
        assertThat(problemOf(first)).isNotNull();
    }

    private static boolean waitsForAnEarlierArrival() {
        return Thread.getAllStackTraces().values().stream()
                .flatMap(Arrays::stream)
                .anyMatch(frame -> frame.getClassName().endsWith("ArrivalsUnderWay")
                        && frame.getMethodName().equals("awaitEnd"));
    }

    @Test
    void theEarlierAttemptIsGivenUp() throws Exception {
        Migration<SourceReport> first = sendHalf(Duration.ofMillis(500));
        IncomingSession session = accept();
        Migration<DestinationReport> receiving = receiver.receive(session);
        assertThat(midway.await(30, TimeUnit.SECONDS)).isTrue();
        crash(session);

        Migration<SourceReport> second = sendAgain(idA);
        receiver.receive(accept()).await(SOON);
        second.await(SOON);

        assertThat(problemOf(receiving)).isNotNull();
        assertThat(b.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertThat(b.memoryOf(GUEST)).contains(memory);
        assertThat(guests.resolve(GUEST).resolve("vda.0.raw")).hasBinaryContent(disk);
        assertThat(guests.toFile().list()).containsExactly(GUEST);
        // Should it live after all, it learns that it has lost, and the guest has never been given to the destination
        // twice.
        proceed.countDown();
        assertThat(problemOf(first)).isNotNull();
        assertThat(b.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void anotherHostMayNotDoThat() throws Exception {
        Migration<SourceReport> first = sendHalf(SOON);
        IncomingSession session = accept();
        Migration<DestinationReport> receiving = receiver.receive(session);
        assertThat(midway.await(30, TimeUnit.SECONDS)).isTrue();
        crash(session);

        Migration<SourceReport> second = sendAgain(idC);
        assertThat(problemOf(receiver.receive(accept()))).isEqualTo(Problem.GUEST_BUSY);
        assertThat(problemOf(second)).isEqualTo(Problem.GUEST_BUSY);

        assertThat(session.disconnected()).isTrue();
        link.refusing = false;
        proceed.countDown();
        receiving.await(SOON);
        first.await(SOON);
        assertThat(b.memoryOf(GUEST)).contains(memory);
    }

    @Test
    void whoHasItsConnectionKeepsTheGuest() throws Exception {
        Migration<SourceReport> first = sendHalf(SOON);
        Migration<DestinationReport> receiving = receiver.receive(accept());
        assertThat(midway.await(30, TimeUnit.SECONDS)).isTrue();

        Migration<SourceReport> second = sendAgain(idA);
        assertThat(problemOf(receiver.receive(accept()))).isEqualTo(Problem.GUEST_BUSY);
        VmmigException refused = catchThrowableOfType(VmmigException.class, () -> second.await(SOON));
        assertThat(refused.problem()).isEqualTo(Problem.GUEST_BUSY);
        assertThat(refused).hasMessageContaining(idA.fingerprint().toString()).hasMessageContaining(GUEST);

        proceed.countDown();
        receiving.await(SOON);
        first.await(SOON);
        assertThat(b.stateOf(GUEST)).contains(GuestState.RUNNING);
    }
}
