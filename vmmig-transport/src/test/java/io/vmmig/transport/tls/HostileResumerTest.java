// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import io.vmmig.transport.wire.proto.Wire;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Somebody who has the right keys, and goes on with sessions as he likes. */
@Tag("once")
@Timeout(60)
class HostileResumerTest {
    private static final String RESUME = "vmmig-resume/1";

    @TempDir
    Path temp;

    private HostIdentity source;
    private HostIdentity other;
    private HostIdentity destination;
    private TlsListener listener;
    /** The session's name, as only its source knows it. */
    private byte[] id;

    private RawPeer first;
    private IncomingSession session;

    @BeforeEach
    void beginSession() throws Exception {
        source = HostIdentity.in(temp.resolve("source"));
        other = HostIdentity.in(temp.resolve("other"));
        destination = HostIdentity.in(temp.resolve("destination"));
        listener = TlsListener.on("127.0.0.1", 0)
                .as(destination)
                .trusting(Set.of(source.fingerprint(), other.fingerprint()))
                .connectTimeout(Duration.ofSeconds(5))
                .listen();
        first = RawPeer.connect(listener.port(), source, destination.fingerprint())
                .greetResumable();
        session = listener.accept(Duration.ofSeconds(10));
        id = Wire.Hello.parseFrom(first.await(RawPeer.HELLO))
                .getResumption()
                .getSessionId()
                .toByteArray();
    }

    @AfterEach
    void close() throws IOException {
        first.close();
        session.close();
        listener.close();
    }

    private RawPeer again(HostIdentity self) throws IOException {
        return RawPeer.connect(listener.port(), self, RESUME).preamble(RawPeer.VERSION);
    }

    private static Problem refusal(RawPeer peer) throws IOException {
        return Problem.valueOf(
                Wire.Refuse.parseFrom(peer.await(RawPeer.REFUSE)).getFailure().getProblem());
    }

    private static long answer(RawPeer peer) throws IOException {
        return Wire.Rejoined.parseFrom(peer.await(RawPeer.REJOINED)).getReceived();
    }

    /** The session goes on as if nothing had happened, for the one whose it is; {@code attempt} is a new one. */
    private void assertUndisturbed(long attempt) throws Exception {
        try (RawPeer rightful = again(source)) {
            rightful.rejoin(id, attempt, 0);
            assertThat(answer(rightful)).isPositive();
            rightful.offer();
            assertThat(session.offer()).isEqualTo(Samples.offer());
        }
    }

    @Test
    void theNameIsLongAndAnotherOneEachTime() throws Exception {
        assertThat(id).hasSize(16);
        try (RawPeer next = RawPeer.connect(listener.port(), source, destination.fingerprint())
                .greetResumable()) {
            assertThat(Wire.Hello.parseFrom(next.await(RawPeer.HELLO))
                            .getResumption()
                            .getSessionId()
                            .toByteArray())
                    .isNotEqualTo(id);
        }
        listener.accept(Duration.ofSeconds(10)).close();
    }

    @Test
    void aNameThatIsGuessedOpensNothing() throws Exception {
        byte[] wrong = id.clone();
        wrong[15] ^= 1;
        try (RawPeer guess = again(source)) {
            guess.rejoin(wrong, 1, 0);
            assertThat(refusal(guess)).isEqualTo(Problem.CONNECTION_LOST);
        }
        assertUndisturbed(1);
    }

    @Test
    void aNameThatWasStolenOpensNothingForAnotherHostThatIsTrustedToo() throws Exception {
        try (RawPeer thief = again(other)) {
            thief.rejoin(id, 1, 0);
            assertThat(refusal(thief)).isEqualTo(Problem.CONNECTION_LOST);
        }
        assertUndisturbed(1);
    }

    @Test
    void anotherHostCannotEndTheSession() throws Exception {
        try (RawPeer thief = again(other)) {
            thief.abandon(id, Samples.failure(Problem.CANCELLED));
            assertThat(refusal(thief)).isEqualTo(Problem.CONNECTION_LOST);
        }
        assertUndisturbed(1);
    }

    @Test
    void whoseSessionItIsMayEndItWithoutTakingItUp() throws Exception {
        try (RawPeer rightful = again(source)) {
            rightful.abandon(id, Samples.failure(Problem.CANCELLED));
            assertThat(answer(rightful)).isZero();
        }
        assertThatThrownBy(session::offer).satisfies(e -> assertProblem(e, Problem.PEER_CANCELLED));
    }

    @Test
    void aStrangerDoesNotGetAsFarAsThat() throws Exception {
        HostIdentity stranger = HostIdentity.in(temp.resolve("stranger"));
        assertThatThrownBy(() -> again(stranger).rejoin(id, 1, 0).await(RawPeer.REJOINED))
                .isInstanceOf(IOException.class);
        assertUndisturbed(1);
    }

    @Test
    void aConnectionThatIsMadeForItCanDoNothingElse() throws Exception {
        try (RawPeer peer = again(source)) {
            peer.send(RawPeer.HELLO, Wire.Hello.getDefaultInstance().toByteArray());
            assertThat(refusal(peer)).isEqualTo(Problem.PROTOCOL_VIOLATION);
        }
        try (RawPeer peer = again(source)) {
            peer.sendHeader(RawPeer.REJOIN, 65);
            assertThat(refusal(peer)).isEqualTo(Problem.PROTOCOL_VIOLATION);
        }
        try (RawPeer peer = again(source)) {
            peer.rejoin(new byte[15], 1, 0);
            assertThat(refusal(peer)).isEqualTo(Problem.PROTOCOL_VIOLATION);
        }
        assertUndisturbed(1);
    }

    @Test
    void anAttemptThatIsNoneIsPassedOver() throws Exception {
        try (RawPeer peer = again(source)) {
            peer.rejoin(id, 0, 0);
            assertThat(refusal(peer)).isEqualTo(Problem.CONNECTION_LOST);
        }
        assertUndisturbed(7);
        try (RawPeer peer = again(source)) {
            peer.rejoin(id, 7, 0);
            assertThat(refusal(peer)).isEqualTo(Problem.CONNECTION_LOST);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1_000_000})
    void whoClaimsToHaveWhatWasNeverSentEndsTheSession(long received) throws Exception {
        try (RawPeer peer = again(source)) {
            peer.rejoin(id, 1, received);
            assertThat(refusal(peer)).isEqualTo(Problem.PROTOCOL_VIOLATION);
        }
        assertThatThrownBy(session::offer).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
    }

    @Test
    void whoClaimsToHaveLessThanHeHasSaidEndsTheSession() throws Exception {
        first.ack(5);
        first.offer();
        session.offer();
        try (RawPeer peer = again(source)) {
            peer.rejoin(id, 1, 4);
            assertThat(refusal(peer)).isEqualTo(Problem.PROTOCOL_VIOLATION);
        }
        assertThatThrownBy(session::awaitCommit).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, Long.MAX_VALUE})
    void whoAcknowledgesWhatWasNeverSentEndsTheSession(long received) throws Exception {
        first.ack(received);
        assertThatThrownBy(session::offer).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        assertThat(refusal(first)).isEqualTo(Problem.PROTOCOL_VIOLATION);
    }

    @Test
    void noiseIsNotBelieved() throws Exception {
        Random random = new Random(11);
        for (int i = 0; i < 20; i++) {
            try (RawPeer peer = again(random.nextBoolean() ? source : other)) {
                byte[] noise = new byte[random.nextInt(200)];
                random.nextBytes(noise);
                if (random.nextBoolean()) {
                    peer.send(RawPeer.REJOIN, noise);
                } else {
                    peer.out.write(noise);
                    peer.out.flush();
                }
            } catch (IOException e) {
                // Cut off, as it should be.
            }
        }
        assertUndisturbed(1);
    }

    @Test
    void noiseInASessionThatWasTakenUpAgainEndsIt() throws Exception {
        try (RawPeer peer = again(source)) {
            peer.rejoin(id, 1, 0);
            answer(peer);
            peer.send(77, new byte[10]);
            assertThatThrownBy(session::offer).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
            assertThat(refusal(peer)).isEqualTo(Problem.PROTOCOL_VIOLATION);
        }
    }

    // ---- the same from the other side

    private TlsTransport transport(ServerSocket server) throws Exception {
        return TlsTransport.to("127.0.0.1", server.getLocalPort()).as(source).trusting(destination.fingerprint());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 17})
    void aSessionNeedsAName(int length) throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            Background<Void> hostile = Background.run(() -> {
                try (RawPeer peer = RawPeer.accept(server, destination, source.fingerprint())) {
                    peer.greetResumable(new byte[length]);
                    peer.await(RawPeer.ABORT);
                }
                return null;
            });
            try (OutgoingSession outgoing = transport(server).open()) {
                assertThatThrownBy(() -> outgoing.offer(Samples.offer()))
                        .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
            }
            hostile.get();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1_000_000_000})
    void aDestinationThatClaimsToHaveWhatWasNeverSentIsNotBelieved(long received) throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            Background<Void> hostile = Background.run(() -> {
                try (RawPeer peer = RawPeer.accept(server, destination, source.fingerprint())) {
                    peer.greetResumable(new byte[16]).await(RawPeer.OFFER);
                }
                try (RawPeer peer = RawPeer.accept(server, destination, RESUME)) {
                    peer.preamble(RawPeer.VERSION).await(RawPeer.REJOIN);
                    peer.send(
                            RawPeer.REJOINED,
                            Wire.Rejoined.newBuilder()
                                    .setReceived(received)
                                    .build()
                                    .toByteArray());
                    peer.in.readAllBytes();
                }
                return null;
            });
            try (OutgoingSession outgoing = transport(server).open()) {
                assertThatThrownBy(() -> outgoing.offer(Samples.offer()))
                        .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
            }
        }
    }

    @Test
    void anotherHostInTheSamePlaceIsNotTheSameAndCannotEndTheSession() throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            TlsTransport either = TlsTransport.to("127.0.0.1", server.getLocalPort())
                    .as(source)
                    .trusting(io.vmmig.crypto.TrustedNodes.of(Set.of(destination.fingerprint(), other.fingerprint())));
            Background<Void> destinations = Background.run(() -> {
                try (RawPeer peer = RawPeer.accept(server, destination, source.fingerprint())) {
                    peer.greetResumable(new byte[16]).await(RawPeer.OFFER);
                }
                assertThatThrownBy(() -> {
                            try (RawPeer peer = RawPeer.accept(server, other, RESUME)) {
                                peer.preamble(RawPeer.VERSION);
                            }
                        })
                        .isInstanceOf(IOException.class);
                try (RawPeer peer = RawPeer.accept(server, destination, RESUME)) {
                    peer.preamble(RawPeer.VERSION).await(RawPeer.REJOIN);
                    peer.send(
                            RawPeer.REJOINED, Wire.Rejoined.getDefaultInstance().toByteArray());
                    peer.await(RawPeer.OFFER);
                    peer.send(
                            RawPeer.REFUSE,
                            Wire.Refuse.newBuilder()
                                    .setFailure(Wire.Failure.newBuilder().setProblem(Problem.GUEST_BUSY.name()))
                                    .build()
                                    .toByteArray());
                    peer.in.transferTo(java.io.OutputStream.nullOutputStream());
                }
                return null;
            });
            try (OutgoingSession outgoing = either.open()) {
                assertThatThrownBy(() -> outgoing.offer(Samples.offer()))
                        .satisfies(e -> assertProblem(e, Problem.GUEST_BUSY));
            }
            destinations.get();
        }
    }

    @Test
    void aDestinationMayBreakOffAfterEachConnectionButNotForEver() throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            Background<Integer> flapping = Background.run(() -> {
                try (RawPeer peer = RawPeer.accept(server, destination, source.fingerprint())) {
                    peer.greetResumable(new byte[16]).await(RawPeer.OFFER);
                }
                int connections = 0;
                while (true) {
                    try (RawPeer peer = RawPeer.accept(server, destination, RESUME)) {
                        peer.preamble(RawPeer.VERSION).await(RawPeer.REJOIN);
                        peer.send(
                                RawPeer.REJOINED,
                                Wire.Rejoined.getDefaultInstance().toByteArray());
                        connections++;
                    } catch (IOException e) {
                        if (server.isClosed()) {
                            return connections;
                        }
                    }
                }
            });
            try (OutgoingSession outgoing =
                    transport(server).resumingWithin(Duration.ofMillis(1000)).open()) {
                assertThatThrownBy(() -> outgoing.offer(Samples.offer()))
                        .isInstanceOf(VmmigException.class)
                        .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
            }
            server.close();
            // With pauses of 100, 200, 400 ms between them.
            assertThat(flapping.get()).isBetween(1, 6);
        }
    }
}
