// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.content.Digest;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Await;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import io.vmmig.transport.tls.CutLink.Fate;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two well-behaved ends, and a connection between them that breaks. */
@Timeout(90)
class ResumeTest {
    private static final Acceptance YES = new Acceptance(Set.of());
    private static final long MIB = 1 << 20;
    /** What may be on its way when a connection breaks, and has to come again: at most this. */
    private static final long WINDOW = 8 * MIB;
    /** What TLS adds, and handshakes. */
    private static final long OVERHEAD = MIB;

    @TempDir
    Path temp;

    private HostIdentity source;
    private HostIdentity destination;
    private TlsListener listener;
    private CutLink link;

    @BeforeEach
    void listen() throws Exception {
        source = HostIdentity.in(temp.resolve("source"));
        destination = HostIdentity.in(temp.resolve("destination"));
        listener = ready().listen();
        link = new CutLink(listener.port());
    }

    @AfterEach
    void close() throws IOException {
        link.close();
        listener.close();
    }

    private TlsListener.Ready ready() throws Exception {
        return TlsListener.on("127.0.0.1", 0).as(destination).trusting(Set.of(source.fingerprint()));
    }

    private TlsTransport transport() throws Exception {
        return TlsTransport.to("127.0.0.1", link.port()).as(source).trusting(destination.fingerprint());
    }

    private IncomingSession accept() throws VmmigException {
        return listener.accept(Duration.ofSeconds(10));
    }

    /** What has come, once all is done. */
    private Background<Digest> receiving() throws Exception {
        return Background.run(() -> {
            try (IncomingSession session = accept()) {
                session.offer();
                session.accept(YES);
                session.ready();
                Digest digest = digest(session.packageStream());
                session.restored();
                session.awaitCommit();
                session.resumed();
                return digest;
            }
        });
    }

    private static Digest digest(InputStream in) throws IOException {
        MessageDigest digest = Digest.newSha256();
        byte[] buffer = new byte[100_000];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            digest.update(buffer, 0, n);
        }
        return Digest.of(digest);
    }

    private static Digest send(OutgoingSession session, long bytes, Random random) throws Exception {
        MessageDigest sent = Digest.newSha256();
        session.offer(Samples.offer());
        byte[] block = new byte[1 << 20];
        random.nextBytes(block);
        for (long left = bytes; left > 0; ) {
            int n = (int) Math.min(left, 1 + random.nextInt(block.length));
            block[(int) (left % block.length)]++;
            session.packageStream().write(block, 0, n);
            sent.update(block, 0, n);
            if (random.nextInt(4) == 0) {
                session.packageStream().flush();
            }
            left -= n;
        }
        return Digest.of(sent);
    }

    private static void assertConnectionLost(Background<?> end) {
        assertThatThrownBy(() -> end.get(30))
                .satisfiesAnyOf(
                        e -> assertProblem(e, Problem.CONNECTION_LOST),
                        e -> assertProblem(e.getCause(), Problem.CONNECTION_LOST));
    }

    @Test
    void whatHasArrivedIsNotSentAgain() throws Exception {
        long bytes = 96 * MIB;
        AtomicInteger reconnections = new AtomicInteger();
        link.next(Fate.cutAfterUp(50 * MIB + 12_345), Fate.cutAfterUp(20 * MIB + 777));
        Background<Digest> arriving = receiving();
        try (OutgoingSession session = transport().open()) {
            session.onReconnected(outage -> reconnections.incrementAndGet());
            Digest sent = send(session, bytes, new Random(1));
            session.awaitReady();
            session.finish();
            session.commit();
            assertThat(arriving.get()).isEqualTo(sent);
        }
        assertThat(link.ways).hasSize(3);
        assertThat(reconnections).hasValue(2);
        assertThat(link.up()).isBetween(bytes, bytes + 2 * WINDOW + OVERHEAD);
    }

    @Test
    void eachByteArrivesWhereverConnectionsBreak() throws Exception {
        Random random = new Random(2);
        for (int round = 0; round < 3; round++) {
            int before = link.ways.size();
            // HELLO has to get through, since before it there is nothing to go on with.
            link.next(Fate.cutAfterUp(20_000 + random.nextInt(3_000_000)));
            for (int i = 0; i < 4; i++) {
                link.next(
                        random.nextInt(3) == 0
                                ? Fate.cutAfterDown(random.nextInt(4_000))
                                : Fate.cutAfterUp(random.nextInt(3_000_000)));
            }
            Background<Digest> arriving = receiving();
            try (OutgoingSession session = transport().open()) {
                Digest sent = send(session, 10 * MIB + random.nextInt(1000), random);
                session.awaitReady();
                session.finish();
                session.commit();
                assertThat(arriving.get()).as("round " + round).isEqualTo(sent);
            }
            assertThat(link.ways.size() - before).as("round " + round).isGreaterThan(1);
            link.forget();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1500})
    void aConnectionMayBreakWhileItIsMade(int after) throws Exception {
        link.next(Fate.cutAfterUp(3 * MIB), Fate.cutAfterUp(after), Fate.cutAfterDown(after));
        Background<Digest> arriving = receiving();
        try (OutgoingSession session = transport().open()) {
            Digest sent = send(session, 5 * MIB, new Random(after));
            session.awaitReady();
            session.finish();
            session.commit();
            assertThat(arriving.get()).isEqualTo(sent);
        }
    }

    @Test
    void aConnectionThatFallsSilentIsReplaced() throws Exception {
        listener.close();
        listener = ready().idleTimeout(Duration.ofMillis(1500)).listen();
        link.close();
        link = new CutLink(listener.port()).next(Fate.stallsAfterUp(2 * MIB));
        Background<Digest> arriving = receiving();
        try (OutgoingSession session = transport().open()) {
            Digest sent = send(session, 4 * MIB, new Random(3));
            session.awaitReady();
            session.finish();
            session.commit();
            assertThat(arriving.get()).isEqualTo(sent);
        }
        assertThat(link.ways.size()).isGreaterThan(1);
    }

    @Test
    void bothEndsMayWaitWhenItBreaks() throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        CountDownLatch cut = new CountDownLatch(1);
        Background<Void> receiving = Background.run(() -> {
            try (IncomingSession session = accept()) {
                session.offer();
                session.accept(YES);
                session.ready();
                session.packageStream().readAllBytes();
                read.countDown();
                assertThat(cut.await(10, TimeUnit.SECONDS)).isTrue();
                session.restored();
                session.awaitCommit();
                session.resumed();
                return null;
            }
        });
        try (OutgoingSession session = transport().open()) {
            Background<Void> sending = Background.run(() -> {
                send(session, MIB, new Random(4));
                session.awaitReady();
                session.finish();
                session.commit();
                return null;
            });
            assertThat(read.await(10, TimeUnit.SECONDS)).isTrue();
            link.cut();
            cut.countDown();
            sending.get();
        }
        receiving.get();
    }

    private record Pair(OutgoingSession source, IncomingSession destination) {}

    /** Both ends at the moment before COMMIT. */
    private Pair restored(TlsTransport transport) throws Exception {
        OutgoingSession outgoing = transport.open();
        IncomingSession incoming = accept();
        Background<Void> sending = Background.run(() -> {
            outgoing.offer(Samples.offer());
            outgoing.awaitReady();
            outgoing.finish();
            return null;
        });
        incoming.offer();
        incoming.accept(YES);
        incoming.ready();
        incoming.restored();
        sending.get();
        return new Pair(outgoing, incoming);
    }

    @Test
    void aCommitThatTheConnectionDidNotBringComesOverTheNext() throws Exception {
        Pair pair = restored(transport());
        link.refusing = true;
        link.cut();
        Background<Void> committing = Background.run(() -> {
            pair.source.commit();
            return null;
        });
        Background<Void> awaiting = Background.run(() -> {
            pair.destination.awaitCommit();
            return null;
        });
        Await.until("the source has tried again", () -> link.refused.get() > 1);
        assertThat(committing.isDone()).isFalse();
        assertThat(awaiting.isDone()).isFalse();
        link.refusing = false;
        awaiting.get();
        pair.destination.resumed();
        committing.get();
        pair.source.close();
        pair.destination.close();
    }

    @Test
    void thatTheGuestRunsIsToldThoughTheDestinationHasLongGoneOn() throws Exception {
        Pair pair = restored(transport());
        Background<Void> committing = Background.run(() -> {
            pair.source.commit();
            return null;
        });
        pair.destination.awaitCommit();
        link.refusing = true;
        link.cut();
        pair.destination.resumed();
        pair.destination.close();
        assertThat(committing.isDone()).isFalse();
        link.refusing = false;

        committing.get();
        pair.source.close();
    }

    @Test
    void whatTheDestinationHasAgainstItIsToldThoughThereWasNoConnection() throws Exception {
        Pair pair = restored(transport());
        link.refusing = true;
        link.cut();
        pair.destination.refuse(Samples.failure(Problem.DISK_FULL));
        pair.destination.close();
        Background<Void> committing = Background.run(() -> {
            pair.source.commit();
            return null;
        });
        link.refusing = false;

        assertThatThrownBy(committing::get).satisfies(e -> assertProblem(e, Problem.DISK_FULL));
        pair.source.close();
    }

    @Test
    void thatTheSourceHasGivenUpIsToldThoughThereWasNoConnection() throws Exception {
        Pair pair = restored(transport());
        link.refusing = true;
        link.cut();
        pair.source.abort(Samples.failure(Problem.CANCELLED));
        pair.source.close();
        link.refusing = false;

        assertThatThrownBy(pair.destination::awaitCommit).satisfies(e -> assertProblem(e, Problem.PEER_CANCELLED));
        pair.destination.close();
    }

    @Test
    void aDestinationThatHasWaitedLongEnoughIsNotFoundAgain() throws Exception {
        listener.close();
        listener = ready().resumingWithin(Duration.ofMillis(300)).listen();
        link.close();
        link = new CutLink(listener.port());
        Pair pair = restored(transport());
        link.refusing = true;
        link.cut();

        assertThatThrownBy(pair.destination::awaitCommit)
                .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST))
                .hasMessageContaining("did not reconnect within 300 ms");
        assertThatThrownBy(pair.source::commit).satisfies(e -> assertThat(((VmmigException) e).problem())
                .isIn(Problem.CONNECTION_LOST, Problem.OUTCOME_UNKNOWN));
        pair.source.close();
        pair.destination.close();
    }

    @Test
    void aSourceThatFindsNobodyForTooLongGivesUp() throws Exception {
        Background<Digest> arriving = receiving();
        try (OutgoingSession session =
                transport().resumingWithin(Duration.ofMillis(700)).open()) {
            session.offer(Samples.offer());
            link.refusing = true;
            link.cut();
            assertThatThrownBy(() -> {
                        session.awaitReady();
                        session.finish();
                    })
                    .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST))
                    .hasMessageContaining("was not resumed");
        }
        assertConnectionLost(arriving);
    }

    @Test
    void aDestinationThatWasStartedAgainSaysAtOnceThatItHasForgotten() throws Exception {
        Background<Digest> arriving = receiving();
        try (OutgoingSession session = transport().open()) {
            session.offer(Samples.offer());
            link.refusing = true;
            link.cut();
            listener.close();
            assertConnectionLost(arriving);
            listener = TlsListener.on("127.0.0.1", 0)
                    .as(destination)
                    .trusting(Set.of(source.fingerprint()))
                    .listen();
            link.target = listener.port();
            link.refusing = false;
            assertThatThrownBy(() -> {
                        session.awaitReady();
                        session.finish();
                    })
                    .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST))
                    .hasMessageContaining("no longer knows that transfer");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void eitherEndMayNotWantTo(boolean atSource) throws Exception {
        listener.close();
        listener = (atSource ? ready() : ready().resumingWithin(Duration.ZERO)).listen();
        link.close();
        link = new CutLink(listener.port());
        Background<Digest> arriving = receiving();
        TlsTransport transport = atSource ? transport().resumingWithin(Duration.ZERO) : transport();
        try (OutgoingSession session = transport.open()) {
            session.offer(Samples.offer());
            link.cut();
            assertThatThrownBy(() -> {
                        session.awaitReady();
                        session.finish();
                    })
                    .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST))
                    .message()
                    .doesNotContain("resume");
        }
        assertConnectionLost(arriving);
        assertThat(link.ways).hasSize(1);
    }

    @Test
    void nobodyIsTakenBackWhoIsTrustedNoMore() throws Exception {
        var nodes = io.vmmig.crypto.NodeStore.in(temp.resolve("nodes"));
        nodes.add(source.card("host-a"));
        listener.close();
        listener =
                TlsListener.on("127.0.0.1", 0).as(destination).trusting(nodes).listen();
        link.close();
        link = new CutLink(listener.port());
        Pair pair = restored(transport());
        link.refusing = true;
        link.cut();
        nodes.delete(source.fingerprint());
        link.refusing = false;

        assertThatThrownBy(pair.destination::awaitCommit).satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        assertThatThrownBy(pair.source::commit)
                .satisfiesAnyOf(
                        e -> assertProblem(e, Problem.PEER_UNTRUSTED),
                        e -> assertProblem(e.getCause(), Problem.PEER_UNTRUSTED));
        pair.source.close();
        pair.destination.close();
    }

    /** A connection is awaited for half a minute. */
    @Test
    @Timeout(20)
    void aSourceThatChangesItsMindWhileThereIsNoConnectionDoesNotWait() throws Exception {
        Pair pair = restored(transport());
        link.refusing = true;
        link.cut();
        pair.source.abort(Samples.failure(Problem.CANCELLED));
        pair.source.close();

        listener.close();
        assertThatThrownBy(pair.destination::awaitCommit).satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
        pair.destination.close();
    }

    @Test
    void nobodyComesBackToWhatHasEnded() throws Exception {
        for (int i = 0; i < 2; i++) {
            transport().open().close();
            accept().close();
        }
        Background<Digest> arriving = receiving();
        try (OutgoingSession session = transport().open()) {
            session.offer(Samples.offer());
            session.awaitReady();
            session.finish();
            session.commit();
        }
        arriving.get();
        assertThat(link.ways).hasSize(3);
    }

    @Test
    void noThreadOutlivesASessionThatWasResumed() throws Exception {
        link.next(Fate.cutAfterUp(2 * MIB));
        Background<Digest> arriving = receiving();
        try (OutgoingSession session = transport().open()) {
            send(session, 3 * MIB, new Random(6));
            session.awaitReady();
            session.finish();
            session.commit();
        }
        arriving.get();
        Await.until("all threads of the session have ended", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("vmmig-reader")
                        || thread.getName().startsWith("vmmig-heartbeat")));
    }
}
