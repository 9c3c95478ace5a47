// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertEndedByDeadlineOf;
import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Await;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A source whose destination dies, falls silent, or breaks the rules. */
@Tag("once")
@Timeout(60)
class SourceFacingTroubleTest {
    private enum At {
        CONNECTED,
        OFFERED,
        SENDING,
        COMPLETED,
        RESTORED,
        COMMITTING
    }

    @TempDir
    Path temp;

    private final CountDownLatch said = new CountDownLatch(1);
    private At pauseAt;
    private HostIdentity self;
    private HostIdentity other;
    private ServerSocket server;
    private TlsTransport transport;

    @BeforeEach
    void listen() throws Exception {
        self = HostIdentity.in(temp.resolve("source"));
        other = HostIdentity.in(temp.resolve("destination"));
        server = RawPeer.listen();
        transport = TlsTransport.to("127.0.0.1", server.getLocalPort())
                .as(self)
                .trusting(other.fingerprint())
                .connectTimeout(Duration.ofSeconds(5))
                .idleTimeout(Duration.ofMillis(1200))
                .progressTimeout(Duration.ofSeconds(1));
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    @ParameterizedTest
    @EnumSource(At.class)
    void aDestinationThatDies(At when) throws Exception {
        pauseAt = when;
        Background<Void> destination = Background.run(() -> {
            upTo(when).close();
            Await.readers(0);
            said.countDown();
            return null;
        });

        assertThatThrownBy(this::move)
                .satisfies(e ->
                        assertProblem(e, when == At.COMMITTING ? Problem.OUTCOME_UNKNOWN : Problem.CONNECTION_LOST));
        destination.get();
    }

    @ParameterizedTest
    @EnumSource(At.class)
    void aDestinationThatFallsSilent(At when) throws Exception {
        Background<RawPeer> destination = Background.run(() -> upTo(when));

        assertThatThrownBy(this::move)
                .satisfies(e -> assertProblem(
                        e, when.compareTo(At.RESTORED) >= 0 ? Problem.OUTCOME_UNKNOWN : Problem.PEER_STALLED))
                .satisfies(e -> assertEndedByDeadlineOf(e, 1000, 1200, 5000));
        destination.get().close();
    }

    /** A byte at a time is no better. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aDestinationThatLivesButTakesNothing(boolean trickling) throws Exception {
        Background<RawPeer> destination = Background.run(() -> {
            RawPeer peer = upTo(At.SENDING);
            try {
                while (true) {
                    peer.send(RawPeer.HEARTBEAT);
                    if (trickling) {
                        peer.in.readByte();
                    }
                    Await.timePasses(Duration.ofMillis(50));
                }
            } catch (IOException e) {
                return peer;
            }
        });
        OutgoingSession session = transport.open();
        session.offer(Samples.offer());

        assertThatThrownBy(() -> {
                    while (true) {
                        session.packageStream().write(new byte[1 << 20]);
                    }
                })
                .isInstanceOf(IOException.class)
                .cause()
                .satisfies(e -> assertProblem(e, Problem.PEER_STALLED))
                .hasMessageContaining("is alive, but has received nothing");
        session.close();
        destination.get().close();
    }

    @ParameterizedTest
    @CsvSource({
        "CONNECTED, RESTORED",
        "CONNECTED, RESUMED",
        "CONNECTED, ACCEPT",
        "OFFERED, RESTORED",
        "OFFERED, COMMIT",
        "OFFERED, HELLO",
        "OFFERED, DATA",
        "OFFERED, ABORT",
        "OFFERED, 12",
        "OFFERED, READY",
        "SENDING, WAITING",
        "COMPLETED, READY",
        "RESTORED, READY",
        "OFFERED, 0",
        "OFFERED, 255",
        "SENDING, ACCEPT",
        "SENDING, RESTORED",
        "SENDING, COMPLETE",
        "COMPLETED, RESUMED",
        "COMPLETED, ACCEPT",
        "RESTORED, RESTORED",
        "RESTORED, RESUMED"
    })
    void anOrderThatIsNotAllowed(At when, String order) throws Exception {
        pauseAt = when;
        Background<Void> destination = Background.run(() -> {
            RawPeer peer = upTo(when);
            peer.send(kind(order), order.equals("DATA") ? new byte[10] : new byte[0]);
            peer.await(RawPeer.ABORT);
            said.countDown();
            peer.close();
            return null;
        });

        assertThatThrownBy(this::move).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        destination.get();
    }

    @ParameterizedTest
    @CsvSource({"3, 65537", "4, -1", "4, 2147483647", "11, 70000", "5, 0", "2, 8388609"})
    void aLengthThatIsNotAllowed(int kind, int length) throws Exception {
        Background<Void> destination = Background.run(() -> {
            RawPeer peer = upTo(At.OFFERED);
            peer.sendHeader(kind, length);
            peer.await(RawPeer.ABORT);
            peer.close();
            return null;
        });

        assertThatThrownBy(this::move).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        destination.get();
    }

    @Test
    void aViolationAfterTheCommitLeavesTheOutcomeUnknown() throws Exception {
        Background<Void> destination = Background.run(() -> {
            RawPeer peer = upTo(At.COMMITTING);
            peer.send(RawPeer.ACCEPT);
            peer.close();
            return null;
        });

        assertThatThrownBy(this::move).satisfies(e -> assertProblem(e, Problem.OUTCOME_UNKNOWN));
        destination.get();
    }

    @Test
    void aMessageThatCannotBeRead() throws Exception {
        Background<Void> destination = Background.run(() -> {
            RawPeer peer = upTo(At.OFFERED);
            peer.send(RawPeer.ACCEPT, (byte) 0xff, (byte) 0xff, (byte) 0xff);
            peer.await(RawPeer.ABORT);
            peer.close();
            return null;
        });

        assertThatThrownBy(this::move).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        destination.get();
    }

    @Test
    void heldContentThatIsNoDigestIsPassedOver() throws Exception {
        Background<RawPeer> destination = Background.run(() -> {
            RawPeer peer = upTo(At.OFFERED);
            String good = "sha256:" + "0".repeat(64);
            peer.send(
                    RawPeer.ACCEPT,
                    io.vmmig.transport.wire.proto.Wire.Accept.newBuilder()
                            .addHeld("../../etc/passwd")
                            .addHeld(good)
                            .build()
                            .toByteArray());
            return peer;
        });
        try (OutgoingSession session = transport.open()) {
            assertThat(session.offer(Samples.offer()).held()).containsExactly("sha256:" + "0".repeat(64));
        }
        destination.get().close();
    }

    private static int kind(String name) throws ReflectiveOperationException {
        return Character.isDigit(name.charAt(0))
                ? Integer.parseInt(name)
                : RawPeer.class.getDeclaredField(name).getInt(null);
    }

    /** A destination that behaves until then. */
    private RawPeer upTo(At when) throws Exception {
        RawPeer peer = RawPeer.accept(server, other, self.fingerprint()).greet();
        if (when == At.CONNECTED) {
            return peer;
        }
        peer.await(RawPeer.OFFER);
        if (when == At.OFFERED) {
            return peer;
        }
        peer.send(RawPeer.ACCEPT);
        if (when == At.SENDING) {
            peer.await(RawPeer.DATA);
            return peer;
        }
        peer.await(RawPeer.WAITING);
        peer.send(RawPeer.READY);
        peer.await(RawPeer.COMPLETE);
        if (when == At.COMPLETED) {
            return peer;
        }
        peer.send(RawPeer.RESTORED);
        if (when == At.RESTORED) {
            return peer;
        }
        peer.await(RawPeer.COMMIT);
        return peer;
    }

    /** Stops at {@link #pauseAt} until the source has noticed what the destination does. */
    private void move() throws Exception {
        try (OutgoingSession session = transport.open()) {
            reached(At.CONNECTED);
            session.offer(Samples.offer());
            session.packageStream().write(new byte[10_000]);
            session.packageStream().flush();
            reached(At.SENDING);
            session.awaitReady();
            session.finish();
            reached(At.RESTORED);
            session.commit();
        } catch (IOException e) {
            assertThat(e.getCause()).isInstanceOf(VmmigException.class);
            throw (VmmigException) e.getCause();
        }
    }

    private void reached(At now) throws InterruptedException {
        if (now == pauseAt) {
            assertThat(said.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }
}
