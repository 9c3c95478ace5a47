// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeStore;
import io.vmmig.error.EndState;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import io.vmmig.transport.testing.States;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hosts that know each other by their stores, which change while they speak. */
@Timeout(60)
class LiveTrustTest {
    private enum By {
        SOURCE,
        DESTINATION,
        ANOTHER_PROGRAM_AT_THE_DESTINATION
    }

    private static final Acceptance YES = new Acceptance(Set.of());

    @TempDir
    Path temp;

    private final States states = new States();

    private final BlockingQueue<VmmigException> rejected = new LinkedBlockingQueue<>();
    private HostIdentity a;
    private HostIdentity b;
    private NodeStore nodesOfA;
    private NodeStore nodesOfB;
    private TlsListener listener;
    private TlsTransport toB;

    @AfterEach
    void stopBuilding() throws Exception {
        states.close();
    }

    @BeforeEach
    void introduce() throws Exception {
        a = HostIdentity.in(temp.resolve("a"));
        b = HostIdentity.in(temp.resolve("b"));
        nodesOfA = NodeStore.in(temp.resolve("nodes-a"));
        nodesOfB = NodeStore.in(temp.resolve("nodes-b"));
        nodesOfA.add(b.card("host-b"));
        nodesOfB.add(a.card("host-a"));
        listener = TlsListener.on("127.0.0.1", 0)
                .as(b)
                .trusting(nodesOfB)
                .onRejected(rejected::add)
                .listen();
        toB = TlsTransport.to("127.0.0.1", listener.port()).as(a).trusting(nodesOfA, "host-b");
    }

    @AfterEach
    void close() {
        listener.close();
    }

    private IncomingSession accept() throws VmmigException {
        return listener.accept(Duration.ofSeconds(10));
    }

    private void deleteBy(By whom) throws VmmigException {
        switch (whom) {
            case SOURCE -> nodesOfA.delete(b.fingerprint());
            case DESTINATION -> nodesOfB.delete(a.fingerprint());
            case ANOTHER_PROGRAM_AT_THE_DESTINATION ->
                NodeStore.in(temp.resolve("nodes-b")).delete(a.fingerprint());
        }
    }

    @Test
    void theSessionSaysWhomThePackageIsFor() throws Exception {
        assertThat(toB.description()).contains("host-b");
        try (OutgoingSession session = toB.open();
                IncomingSession incoming = accept()) {
            assertThat(session.recipients()).containsExactly(b.fingerprint().hex());
            assertThat(incoming.description()).contains(a.fingerprint().toString());
        }
    }

    @Test
    void anyTrustedNodeMayAnswerIfThatIsWished() throws Exception {
        TlsTransport toAny = TlsTransport.to("127.0.0.1", listener.port()).as(a).trusting(nodesOfA);
        try (OutgoingSession session = toAny.open()) {
            assertThat(session.recipients()).containsExactly(b.fingerprint().hex());
        }
        nodesOfA.delete(b.fingerprint());
        assertThatThrownBy(toAny::open)
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                .hasMessageContaining(b.fingerprint().toString());
    }

    @Test
    void anotherTrustedNodeIsNotTheOneThatWasNamed() throws Exception {
        HostIdentity c = HostIdentity.in(temp.resolve("c"));
        nodesOfA.add(c.card("host-c"));

        assertThatThrownBy(() -> TlsTransport.to("127.0.0.1", listener.port())
                        .as(a)
                        .trusting(nodesOfA, "host-c")
                        .open())
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                .hasMessageContaining("host-c")
                .hasMessageContaining(c.fingerprint().toString())
                .hasMessageContaining(b.fingerprint().toString());
    }

    @Test
    void aDeletedNodeIsRefusedInNewConnections() throws Exception {
        toB.open().close();
        nodesOfB.delete(a.fingerprint());

        assertThatThrownBy(toB::open)
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                .hasMessageContaining("does not know this host")
                .hasMessageContaining(a.fingerprint().toString());
        assertThat(rejected.poll(5, TimeUnit.SECONDS))
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                .hasMessageContaining(a.fingerprint().toString());

        nodesOfB.add(a.card("host-a"));
        toB.open().close();
        nodesOfA.delete(b.fingerprint());
        assertThatThrownBy(toB::open)
                .satisfies(e -> assertProblem(e, Problem.NODE_UNKNOWN))
                .hasMessageContaining("host-b");
    }

    @ParameterizedTest
    @EnumSource(By.class)
    void aDeletedNodeIsRefusedInTheMiddleOfATransfer(By whom) throws Exception {
        try (OutgoingSession source = toB.open();
                IncomingSession destination = accept()) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                byte[] block = new byte[64 << 10];
                while (true) {
                    source.packageStream().write(block);
                }
            });
            destination.offer();
            destination.accept(YES);
            destination.ready();
            destination.packageStream().readNBytes(1 << 20);

            deleteBy(whom);

            String distruster = (whom == By.SOURCE ? a : b).fingerprint().toString();
            String distrusted = (whom == By.SOURCE ? b : a).fingerprint().toString();
            assertThatThrownBy(sending::get)
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining(distruster)
                    .hasMessageContaining(distrusted);
            assertThatThrownBy(() -> destination.packageStream().readAllBytes())
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining(distruster)
                    .hasMessageContaining(distrusted);
        }
    }

    @Test
    void whatIsWaitingToBeAcceptedIsRefusedToo() throws Exception {
        try (OutgoingSession source = toB.open()) {
            Background<Void> offering = Background.run(() -> {
                source.offer(Samples.offer());
                return null;
            });
            try (IncomingSession destination = accept()) {
                nodesOfB.delete(a.fingerprint());
                assertThatThrownBy(offering::get).satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
                assertThatThrownBy(() -> destination.accept(YES))
                        .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
            }
        }
    }

    @Test
    void aClosedListenerStillWatchesWhatItHasAccepted() throws Exception {
        try (OutgoingSession source = toB.open();
                IncomingSession destination = accept()) {
            listener.close();
            nodesOfB.delete(a.fingerprint());

            assertThatThrownBy(() -> source.offer(Samples.offer()))
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
            assertThatThrownBy(destination::offer).satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        }
    }

    @Test
    void othersAreNotDisturbed() throws Exception {
        HostIdentity c = HostIdentity.in(temp.resolve("c"));
        nodesOfB.add(c.card("host-c"));
        try (OutgoingSession source = toB.open();
                IncomingSession destination = accept()) {
            nodesOfB.delete(c.fingerprint());
            Background<Acceptance> offering = Background.run(() -> source.offer(Samples.offer()));
            destination.offer();
            destination.accept(YES);
            destination.ready();
            assertThat(offering.get()).isEqualTo(YES);
        }
    }

    /** What is left to say then is that the guest has been resumed. */
    private static Background<Void> commit(OutgoingSession source, IncomingSession destination) throws VmmigException {
        Background<Void> sending = Background.run(() -> {
            source.offer(Samples.offer());
            source.awaitReady();
            source.finish();
            source.commit();
            return null;
        });
        destination.offer();
        destination.accept(YES);
        destination.ready();
        destination.restored();
        destination.awaitCommit();
        return sending;
    }

    @Test
    void aGuestThatHasBeenHandedOverStays() throws Exception {
        try (OutgoingSession source = toB.open();
                IncomingSession destination = accept()) {
            Background<Void> sending = commit(source, destination);

            nodesOfB.delete(a.fingerprint());

            destination.resumed();
            sending.get();
        }
    }

    @Test
    void theWordOfADeletedDestinationIsNotBelieved() throws Exception {
        try (OutgoingSession source = toB.open();
                IncomingSession destination = accept()) {
            Background<Void> sending = commit(source, destination);

            nodesOfA.delete(b.fingerprint());

            assertThatThrownBy(sending::get)
                    .satisfies(e -> assertProblem(e, Problem.OUTCOME_UNKNOWN))
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        }
    }

    @Test
    void aStoreThatCannotBeReadTrustsNobodyAndSaysWhy() throws Exception {
        Files.writeString(temp.resolve("nodes-b/" + a.fingerprint().hex() + ".node"), "name: host-a\nrubbish\n");

        assertThatThrownBy(toB::open).satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        assertThat(rejected.poll(5, TimeUnit.SECONDS))
                .satisfies(e -> assertProblem(e, Problem.FILE_FAILED))
                .hasMessageContaining("trusted nodes");
    }

    @ParameterizedTest
    @EnumSource(By.class)
    void theGuestContinuesAtTheSource(By whom) throws Exception {
        byte[] memory = new byte[40 << 20];
        new Random(1).nextBytes(memory);
        InMemoryHypervisor hostA = new InMemoryHypervisor("host-a");
        InMemoryHypervisor hostB = new InMemoryHypervisor("host-b");
        hostA.start(
                """
                <domain type='qemu'><name>web-1</name><uuid>00000000-0000-0000-0000-000000000007</uuid>
                <memory unit='KiB'>262144</memory><vcpu>1</vcpu>
                <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
                <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>
                """,
                memory,
                true);
        Path guests = temp.resolve("guests");
        AtomicBoolean deleted = new AtomicBoolean();
        Migration<SourceReport> sending = Migrator.of(hostA)
                .state(states.open(temp.resolve("source")))
                .from("web-1")
                .to(toB)
                .start();
        Migration<DestinationReport> receiving = Receiver.of(hostB)
                .into(guests)
                .state(states.open(temp.resolve("state")))
                .onEvent(event -> {
                    if (event instanceof MigrationEvent.Progress progress
                            && progress.phase() == io.vmmig.error.Phase.SNAPSHOT
                            && deleted.compareAndSet(false, true)) {
                        deleteWhileItIsPaused(whom, sending);
                    }
                })
                .receive(accept());

        assertThatThrownBy(() -> sending.await(Duration.ofSeconds(20)))
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                .satisfies(
                        e -> assertThat(((VmmigException) e).failure().source()).isEqualTo(EndState.RUNS))
                .satisfies(e -> assertThat(((VmmigException) e).failure().destination())
                        .isIn(EndState.HOLDS_NOTHING, EndState.NOT_HANDED_OVER))
                .hasMessageContaining((whom == By.SOURCE ? b : a).fingerprint().toString());
        assertThatThrownBy(() -> receiving.await(Duration.ofSeconds(20)))
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        assertThat(deleted).isTrue();
        assertThat(hostA.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(hostB.guests()).isEmpty();
        assertThat(guests.resolve("web-1")).doesNotExist();
    }

    /** Called by the thread that moves the bytes: so nothing moves until the deletion has been noticed at the source. */
    private void deleteWhileItIsPaused(By whom, Migration<?> sending) {
        try {
            deleteBy(whom);
        } catch (VmmigException e) {
            throw new IllegalStateException(e);
        }
        try {
            sending.await(Duration.ofSeconds(20));
        } catch (VmmigException e) {
            // The test looks at it in its own thread.
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
