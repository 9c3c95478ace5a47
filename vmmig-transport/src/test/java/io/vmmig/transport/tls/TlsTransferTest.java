// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.content.Digest;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Await;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two well-behaved ends: when all goes well, and when one of them says no. */
@Timeout(60)
class TlsTransferTest {
    private static final Acceptance YES = new Acceptance(Set.of());

    @TempDir
    Path temp;

    @Test
    void everyByteArrives() throws Exception {
        String held = "sha256:" + "a".repeat(64);
        try (TlsPair pair = TlsPair.in(temp)) {
            Background<Digest> destination = Background.run(() -> {
                try (IncomingSession session = pair.accept()) {
                    assertThat(session.offer()).isEqualTo(Samples.offer());
                    assertThat(session.description())
                            .contains("127.0.0.1")
                            .contains(pair.source.fingerprint().toString());
                    session.accept(new Acceptance(Set.of(held)));
                    session.ready();
                    Digest digest = digest(session.packageStream());
                    session.restored();
                    session.awaitCommit();
                    session.resumed();
                    return digest;
                }
            });
            MessageDigest sent = Digest.newSha256();
            try (OutgoingSession session = pair.open()) {
                assertThat(session.offer(Samples.offer()).held()).containsExactly(held);
                byte[] block = new byte[1 << 20];
                new Random(1).nextBytes(block);
                OutputStream out = session.packageStream();
                for (int i = 0; i < 300; i++) {
                    block[i * 7]++;
                    out.write(block);
                    sent.update(block);
                }
                out.flush();
                session.awaitReady();
                session.finish();
                session.commit();
            }
            assertThat(destination.get()).isEqualTo(Digest.of(sent));
        }
    }

    @Test
    void anEmptyPackageArrivesToo() throws Exception {
        try (TlsPair pair = TlsPair.in(temp)) {
            Background<Void> destination = Background.run(() -> receive(pair.accept(), 0));
            try (OutgoingSession session = pair.open()) {
                session.offer(Samples.offer());
                session.awaitReady();
                session.finish();
                session.commit();
            }
            destination.get();
        }
    }

    /** Waits until a number has not changed for so long, and returns it. */
    private static long awaitSettled(AtomicLong number, Duration unchanged) throws Exception {
        long[] last = {number.get(), System.nanoTime()};
        Await.until("a number that grows no more", () -> {
            long now = number.get();
            if (now != last[0]) {
                last[0] = now;
                last[1] = System.nanoTime();
            }
            return System.nanoTime() - last[1] > unchanged.toNanos();
        });
        return last[0];
    }

    @Test
    void theSourceWaitsForASlowReaderAndNothingPilesUp() throws Exception {
        try (TlsPair pair = TlsPair.brisk(temp);
                OutgoingSession source = new TlsPatient(pair).open();
                IncomingSession destination = pair.accept()) {
            AtomicLong written = new AtomicLong();
            long total = 256L << 20;
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                byte[] block = new byte[64 << 10];
                for (long left = total; left > 0; left -= block.length) {
                    source.packageStream().write(block);
                    written.addAndGet(block.length);
                }
                source.awaitReady();
                source.finish();
                source.commit();
                return null;
            });
            destination.offer();
            destination.accept(YES);
            destination.ready();
            // As long as several idle timeouts, in which a receiver that is busy is not taken for dead.
            long settled = awaitSettled(written, Duration.ofSeconds(9));
            // The system's buffers grow to tens of megabytes where it is set up so.
            assertThat(settled).isLessThan(total / 2);
            assertThat(destination.packageStream().readAllBytes()).hasSize((int) total);
            destination.restored();
            destination.awaitCommit();
            destination.resumed();
            sending.get();
        }
    }

    /** A source that is patient with a receiver that takes nothing, and with nothing else. */
    private record TlsPatient(TlsPair pair) {
        OutgoingSession open() throws VmmigException {
            return pair.transport.progressTimeout(Duration.ofSeconds(30)).open();
        }
    }

    @Test
    void longPausesAreNoStallWhileBothLive() throws Exception {
        Duration idle = Duration.ofMillis(1_500);
        try (TlsPair pair = TlsPair.noticingSilenceOf(idle, temp)) {
            Background<Void> destination = Background.run(() -> {
                try (IncomingSession session = pair.accept()) {
                    session.offer();
                    session.accept(YES);
                    session.ready();
                    session.packageStream().readAllBytes();
                    Await.timePasses(idle.multipliedBy(2));
                    session.restored();
                    session.awaitCommit();
                    session.resumed();
                    return null;
                }
            });
            try (OutgoingSession session = pair.open()) {
                session.offer(Samples.offer());
                session.packageStream().write(1);
                Await.timePasses(idle.multipliedBy(2));
                session.awaitReady();
                session.finish();
                session.commit();
            }
            destination.get();
        }
    }

    @Test
    void aReaderNeedNotSeeTheEndOfTheStreamItself() throws Exception {
        try (TlsPair pair = TlsPair.in(temp)) {
            Background<Void> destination = Background.run(() -> {
                try (IncomingSession session = pair.accept()) {
                    session.offer();
                    session.accept(YES);
                    session.ready();
                    InputStream in = session.packageStream();
                    in.readNBytes(10);
                    in.close();
                    session.restored();
                    session.awaitCommit();
                    session.resumed();
                    return null;
                }
            });
            send(pair, 100_000);
            destination.get();
        }
    }

    @Test
    void anOfferIsRefusedForTheReasonThatTheDestinationGives() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Failure reason = Samples.failure(Problem.BASE_IMAGE_MISSING);
            Background<Acceptance> offering = Background.run(() -> source.offer(Samples.offer()));
            destination.offer();
            destination.refuse(reason);

            assertThatThrownBy(offering::get).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(e.failure())
                    .isEqualTo(reason));
        }
    }

    @Test
    void aRefusalReachesASourceThatIsSending() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                byte[] block = new byte[1 << 20];
                while (true) {
                    source.packageStream().write(block);
                }
            });
            destination.offer();
            destination.accept(YES);
            destination.ready();
            destination.packageStream().readNBytes(10 << 20);
            destination.refuse(Samples.failure(Problem.DISK_FULL));
            destination.close();

            assertThatThrownBy(sending::get)
                    .isInstanceOf(IOException.class)
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.DISK_FULL))
                    .hasMessageContaining("because of DISK_FULL");
            assertThatThrownBy(source::finish).satisfies(e -> assertProblem(e, Problem.DISK_FULL));
        }
    }

    @Test
    void aRefusalInsteadOfRestoredEndsFinish() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                source.awaitReady();
                source.finish();
                return null;
            });
            destination.offer();
            destination.accept(YES);
            destination.ready();
            destination.packageStream().readAllBytes();
            destination.refuse(Samples.failure(Problem.DIGEST_MISMATCH));

            assertThatThrownBy(sending::get).satisfies(e -> assertProblem(e, Problem.DIGEST_MISMATCH));
        }
    }

    @Test
    void aDestinationThatCannotResumeSaysSoAndTheSourceKnowsTheOutcome() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                source.awaitReady();
                source.finish();
                source.commit();
                return null;
            });
            untilCommitted(destination);
            destination.refuse(Samples.failure(Problem.HYPERVISOR_FAILED));

            assertThatThrownBy(sending::get).satisfies(e -> assertProblem(e, Problem.HYPERVISOR_FAILED));
        }
    }

    @Test
    void aDestinationThatJustVanishesAfterTheCommitLeavesTheOutcomeUnknown() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                source.awaitReady();
                source.finish();
                source.commit();
                return null;
            });
            untilCommitted(destination);
            destination.close();

            assertThatThrownBy(sending::get).satisfies(e -> assertProblem(e, Problem.OUTCOME_UNKNOWN));
        }
    }

    @Test
    void afterResumedNothingTakesItBack() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                source.awaitReady();
                source.finish();
                source.commit();
                source.abort(Samples.failure(Problem.CANCELLED));
                return null;
            });
            untilCommitted(destination);
            destination.resumed();
            destination.refuse(Samples.failure(Problem.HYPERVISOR_FAILED));

            sending.get();
        }
    }

    @Test
    void aSourceThatAbortsEndsTheStreamForTheReasonThatItGives() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                source.packageStream().write(new byte[300_000]);
                source.packageStream().flush();
                source.abort(Samples.failure(Problem.CANCELLED));
                return null;
            });
            destination.offer();
            destination.accept(YES);
            destination.ready();

            assertThatThrownBy(() -> destination.packageStream().readAllBytes())
                    .isInstanceOf(IOException.class)
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.PEER_CANCELLED))
                    .hasMessageContaining("because of");
            assertThatThrownBy(destination::restored).satisfies(e -> assertProblem(e, Problem.PEER_CANCELLED));
            sending.get();
        }
    }

    @Test
    void aSourceThatAbortsInsteadOfCommittingEndsTheWait() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                source.awaitReady();
                source.finish();
                source.abort(null);
                return null;
            });
            destination.offer();
            destination.accept(YES);
            destination.ready();
            destination.packageStream().readAllBytes();
            destination.restored();

            assertThatThrownBy(destination::awaitCommit).satisfies(e -> assertProblem(e, Problem.PEER_FAILED));
            sending.get();
            assertThatThrownBy(source::commit).satisfies(e -> assertProblem(e, Problem.CANCELLED));
        }
    }

    @Test
    void anAbortFromAnotherThreadFreesASourceThatIsBlocked() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            AtomicLong written = new AtomicLong();
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                while (true) {
                    source.packageStream().write(new byte[1 << 20]);
                    written.incrementAndGet();
                }
            });
            destination.offer();
            destination.accept(YES);
            destination.ready();
            Await.until("something is sent", () -> written.get() > 0);
            awaitSettled(written, Duration.ofMillis(500));
            source.abort(Samples.failure(Problem.CANCELLED));
            source.close();
            source.close();

            assertThatThrownBy(sending::get)
                    .isInstanceOf(IOException.class)
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.CANCELLED));
            // What is in its way does not keep the destination from hearing of it.
            assertThatThrownBy(() -> destination.packageStream().readAllBytes())
                    .isInstanceOf(IOException.class)
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.PEER_CANCELLED));
        }
    }

    /** Where a destination waits for its source. */
    @ParameterizedTest
    @ValueSource(strings = {"offer", "read", "awaitCommit"})
    void closingADestinationFreesItsOwnThreadAndRefuses(String where) throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            CountDownLatch closed = new CountDownLatch(1);
            Background<Void> receiving = Background.run(() -> {
                destination.offer();
                destination.accept(YES);
                destination.ready();
                destination.packageStream().readAllBytes();
                destination.restored();
                destination.awaitCommit();
                return null;
            });
            Background<Void> sending = Background.run(() -> {
                if (where.equals("offer")) {
                    closed.await();
                }
                source.offer(Samples.offer());
                source.packageStream().write(1);
                source.packageStream().flush();
                source.awaitReady();
                if (where.equals("read")) {
                    closed.await();
                }
                source.finish();
                closed.await();
                source.commit();
                return null;
            });
            receiving.awaitIn(where);
            sending.awaitIn("await");
            destination.close();
            closed.countDown();

            if (where.equals("read")) {
                assertThatThrownBy(receiving::get)
                        .isInstanceOf(IOException.class)
                        .cause()
                        .satisfies(e -> assertProblem(e, Problem.CANCELLED));
            } else {
                assertThatThrownBy(receiving::get).satisfies(e -> assertProblem(e, Problem.CANCELLED));
            }
            assertThatThrownBy(sending::get).satisfies(e -> assertProblem(e, Problem.PEER_FAILED));
        }
    }

    /** A destination that was closed learns so at its next call. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aClosedDestinationGoesNoFurther(boolean hasRead) throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                source.awaitReady();
                source.finish();
                return null;
            });
            destination.offer();
            if (hasRead) {
                destination.accept(YES);
                destination.ready();
                destination.packageStream().readAllBytes();
            }
            destination.close();

            assertThatThrownBy(hasRead ? destination::restored : () -> destination.accept(YES))
                    .satisfies(e -> assertProblem(e, Problem.CANCELLED));
            assertThatThrownBy(sending::get).satisfies(e -> assertProblem(e, Problem.PEER_FAILED));
        }
    }

    @Test
    void anInterruptEndsAWaitButNotACommit() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Background<Boolean> sending = Background.run(() -> {
                source.offer(Samples.offer());
                source.awaitReady();
                source.finish();
                Thread.currentThread().interrupt();
                source.commit();
                return Thread.interrupted();
            });
            untilCommitted(destination);
            sending.awaitIn("commit");
            destination.resumed();
            assertThat(sending.get()).isTrue();
        }
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(destination::offer).satisfies(e -> assertProblem(e, Problem.CANCELLED));
            assertThat(Thread.interrupted()).isTrue();
            assertThatThrownBy(() -> source.offer(Samples.offer()))
                    .satisfies(e -> assertProblem(e, Problem.PEER_CANCELLED));
        }
    }

    @Test
    void callsOutOfOrderAreMistakesOfTheCaller() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                OutgoingSession source = pair.open();
                IncomingSession destination = pair.accept()) {
            assertThatThrownBy(() -> source.packageStream().write(1)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(source::commit).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(source::finish).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> destination.accept(YES)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(destination::resumed).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void noThreadOutlivesItsSession() throws Exception {
        try (TlsPair pair = TlsPair.in(temp)) {
            Background<Void> destination = Background.run(() -> receive(pair.accept(), 1000));
            send(pair, 1000);
            destination.get();
            Await.until("all threads of the session have ended", () -> Thread.getAllStackTraces().keySet().stream()
                    .map(Thread::getName)
                    .noneMatch(name -> name.startsWith("vmmig-reader") || name.startsWith("vmmig-heartbeat")));
        }
    }

    private static Void send(TlsPair pair, int bytes) throws Exception {
        try (OutgoingSession session = pair.open()) {
            session.offer(Samples.offer());
            session.packageStream().write(new byte[bytes]);
            session.awaitReady();
            session.finish();
            session.commit();
        }
        return null;
    }

    private static Void receive(IncomingSession session, int bytes) throws Exception {
        try (session) {
            untilCommitted(session, bytes);
            session.resumed();
        }
        return null;
    }

    private static void untilCommitted(IncomingSession session) throws Exception {
        untilCommitted(session, 0);
    }

    private static void untilCommitted(IncomingSession session, int bytes) throws Exception {
        session.offer();
        session.accept(YES);
        session.ready();
        assertThat(session.packageStream().readAllBytes()).hasSize(bytes);
        session.restored();
        session.awaitCommit();
    }

    private static Digest digest(InputStream in) throws Exception {
        MessageDigest digest = Digest.newSha256();
        byte[] buffer = new byte[100_000];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            digest.update(buffer, 0, n);
        }
        return Digest.of(digest);
    }
}
