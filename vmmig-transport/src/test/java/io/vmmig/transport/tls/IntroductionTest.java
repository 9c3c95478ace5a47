// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.vmmig.crypto.Acquaintance;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.Node;
import io.vmmig.crypto.NodeCard;
import io.vmmig.crypto.NodeStore;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.wire.proto.Wire;
import java.io.EOFException;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two hosts that have never met. */
@Timeout(60)
class IntroductionTest {
    @TempDir
    Path temp;

    private final BlockingQueue<Introduction> strangers = new LinkedBlockingQueue<>();
    private final BlockingQueue<VmmigException> rejected = new LinkedBlockingQueue<>();
    private HostIdentity a;
    private HostIdentity b;
    private NodeStore nodesOfA;
    private NodeStore nodesOfB;
    private TlsListener listener;

    @BeforeEach
    void listen() throws Exception {
        a = HostIdentity.in(temp.resolve("a"));
        b = HostIdentity.in(temp.resolve("b"));
        nodesOfA = NodeStore.in(temp.resolve("nodes-a"));
        nodesOfB = NodeStore.in(temp.resolve("nodes-b"));
        listener = ready().introducing("host-b", strangers::add).listen();
    }

    private TlsListener.Ready ready() throws Exception {
        return TlsListener.on("127.0.0.1", 0)
                .as(b)
                .trusting(nodesOfB)
                .connectTimeout(Duration.ofSeconds(5))
                .onRejected(rejected::add);
    }

    @AfterEach
    void close() {
        listener.close();
    }

    private Introduction meet(HostIdentity self, String name) throws VmmigException {
        return meet(listener.port(), self, name);
    }

    private static Introduction meet(int port, HostIdentity self, String name) throws VmmigException {
        return Introduction.with("127.0.0.1", port).as(self, name).within(Duration.ofSeconds(5));
    }

    private VmmigException nextRejected() throws InterruptedException {
        VmmigException next = rejected.poll(5, TimeUnit.SECONDS);
        assertThat(next).as("a refusal at the listener").isNotNull();
        return next;
    }

    @Test
    void eachGetsTheCardOfTheOther() throws Exception {
        Introduction introduction = meet(a, "host-a");
        Introduction stranger = strangers.poll(5, TimeUnit.SECONDS);

        assertThat(introduction.ours()).isEqualTo(a.card("host-a"));
        assertThat(introduction.theirs()).isEqualTo(b.card("host-b"));
        assertThat(stranger.theirs()).isEqualTo(a.card("host-a"));
        assertThat(introduction.code()).matches("[0-9]{4} [0-9]{4}").isEqualTo(stranger.code());
        assertThat(introduction.toString())
                .contains(a.fingerprint().toString(), b.fingerprint().toString());
        assertThat(rejected).isEmpty();
    }

    @Test
    void whoIsAddedCanMoveGuestsBothWays() throws Exception {
        nodesOfA.add(meet(a, "host-a").theirs());
        nodesOfB.add(strangers.poll(5, TimeUnit.SECONDS).theirs());

        try (OutgoingSession there = TlsTransport.to("127.0.0.1", listener.port())
                .as(a)
                .trusting(nodesOfA, "host-b")
                .open()) {
            assertThat(there.recipients()).containsExactly(b.fingerprint().hex());
        }
        try (TlsListener atA =
                        TlsListener.on("127.0.0.1", 0).as(a).trusting(nodesOfA).listen();
                OutgoingSession back = TlsTransport.to("127.0.0.1", atA.port())
                        .as(b)
                        .trusting(nodesOfB, "host-a")
                        .open()) {
            assertThat(back.recipients()).containsExactly(a.fingerprint().hex());
        }
    }

    @Test
    void toHaveMetIsNotToBeTrusted() throws Exception {
        Introduction introduction = meet(a, "host-a");

        assertThatThrownBy(() -> TlsTransport.to("127.0.0.1", listener.port())
                        .as(a)
                        .trusting(introduction.theirs().keys().fingerprint())
                        .open())
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        assertThat(nodesOfA.list()).isEmpty();
        assertThat(nodesOfB.list()).isEmpty();
    }

    @Test
    void aTrustedHostWithNewKeysNeedsNoComparison() throws Exception {
        nodesOfB.add(a.card("host-a"), "alpha");
        HostIdentity renewed = HostIdentity.rotate(temp.resolve("a"));

        meet(renewed, "host-a");
        Node known = nodesOfB.renew(strangers.poll(5, TimeUnit.SECONDS).theirs());

        assertThat(known.name()).isEqualTo("alpha");
        assertThat(nodesOfB.trusts(renewed.fingerprint())).isTrue();
        assertThat(nodesOfB.trusts(a.fingerprint())).isFalse();

        meet(HostIdentity.in(temp.resolve("c")), "host-a");
        NodeCard stranger = strangers.poll(5, TimeUnit.SECONDS).theirs();
        assertThatThrownBy(() -> nodesOfB.renew(stranger)).satisfies(e -> assertProblem(e, Problem.NODE_UNKNOWN));
    }

    @Test
    void aListenerWithNewKeysIsRenewedByThoseWhoTrustedIt() throws Exception {
        nodesOfA.add(b.card("host-b"));
        HostIdentity renewed = HostIdentity.rotate(temp.resolve("b"));
        try (TlsListener again = TlsListener.on("127.0.0.1", 0)
                .as(renewed)
                .trusting(nodesOfB)
                .introducing("host-b", strangers::add)
                .listen()) {
            nodesOfA.renew(meet(again.port(), a, "host-a").theirs());
        }
        assertThat(nodesOfA.find("host-b").orElseThrow().fingerprint()).isEqualTo(renewed.fingerprint());
    }

    @Test
    void whereTheyAreOffAStrangerLearnsIt() throws Exception {
        try (TlsListener off = ready().listen()) {
            assertThatThrownBy(() -> meet(off.port(), a, "host-a"))
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining("takes no introductions");
            assertThat(nextRejected())
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining("this host takes no introductions");
        }
        assertThat(strangers).isEmpty();
    }

    @Test
    void whereTheyAreOffATrustedHostGetsNoneEither() throws Exception {
        nodesOfB.add(a.card("host-a"));
        try (TlsListener off = ready().listen()) {
            assertThatThrownBy(() -> meet(off.port(), a, "host-a"))
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining("takes no introductions");
        }
    }

    @Test
    void aStrangerCannotSendAGuestOverAnIntroduction() throws Exception {
        try (RawPeer stranger = RawPeer.meet(listener.port(), a)) {
            stranger.preamble(RawPeer.VERSION);
            stranger.send(
                    RawPeer.HELLO,
                    Wire.Hello.newBuilder().setIdleTimeoutMs(400).build().toByteArray());
            assertRefused(stranger, Problem.PROTOCOL_VIOLATION, "kind 1");
        }
        try (RawPeer stranger = RawPeer.meet(listener.port(), a)) {
            stranger.preamble(RawPeer.VERSION).offer();
            assertRefused(stranger, Problem.PROTOCOL_VIOLATION, "kind 2");
        }
        assertThatThrownBy(() -> listener.accept(Duration.ofMillis(200)))
                .satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
    }

    @Test
    void aTransferHasNoCards() throws Exception {
        nodesOfB.add(a.card("host-a"));
        try (RawPeer source = RawPeer.connect(listener.port(), a, b.fingerprint())) {
            source.greet().card(a.card("host-a"), new Acquaintance.Challenge().shown());
            assertThat(Wire.Refuse.parseFrom(source.await(RawPeer.REFUSE))
                            .getFailure()
                            .getProblem())
                    .isEqualTo("PROTOCOL_VIOLATION");
        }
        assertThat(strangers).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "vmmig-introduction/1", "vmmig"})
    void anotherProtocolIsNotGuessedAt(String protocol) throws Exception {
        nodesOfB.add(a.card("host-a"));
        assertThatThrownBy(() -> RawPeer.connect(listener.port(), a, protocol))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no_application_protocol");
        assertThat(nextRejected()).satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH));
    }

    private void assertRefused(RawPeer stranger, Problem problem, String text) throws Exception {
        Wire.Failure told =
                Wire.Refuse.parseFrom(stranger.await(RawPeer.REFUSE)).getFailure();
        assertThat(told.getProblem()).isEqualTo(problem.name());
        assertThat(told.getWhat()).contains(text);
        assertThat(nextRejected()).satisfies(e -> assertProblem(e, problem)).hasMessageContaining(text);
        assertThat(strangers).isEmpty();
    }

    /** A stranger that does with its part what it likes. */
    private final class Caller implements AutoCloseable {
        private final RawPeer peer;
        private final HostIdentity self;
        private final Acquaintance.Challenge challenge = new Acquaintance.Challenge();

        Caller(int port, HostIdentity self) throws IOException {
            this.self = self;
            peer = RawPeer.meet(port, self);
            peer.preamble(RawPeer.VERSION);
        }

        Caller commit(NodeCard card) throws IOException {
            return send(Wire.Card.newBuilder()
                    .setCommitment(ByteString.copyFrom(Acquaintance.commitment(card, challenge.shown()))));
        }

        Wire.Card awaitCard() throws Exception {
            return Wire.Card.parseFrom(peer.await(RawPeer.CARD));
        }

        byte[] proof(NodeCard card, Wire.Card theirs) throws Exception {
            return new Acquaintance(
                            card,
                            challenge.shown(),
                            NodeCard.parse(theirs.getText()),
                            theirs.getChallenge().toByteArray())
                    .proof(Acquaintance.End.CALLER, self);
        }

        Caller show(String text, byte[] shown, byte[] proof) throws IOException {
            return send(Wire.Card.newBuilder()
                    .setText(text)
                    .setChallenge(ByteString.copyFrom(shown))
                    .setProof(ByteString.copyFrom(proof)));
        }

        Caller send(Wire.Card.Builder card) throws IOException {
            peer.send(RawPeer.CARD, card.build().toByteArray());
            return this;
        }

        @Override
        public void close() throws Exception {
            peer.close();
        }
    }

    @Test
    void garbageForACommitment() throws Exception {
        try (RawPeer stranger = RawPeer.meet(listener.port(), a)) {
            stranger.preamble(RawPeer.VERSION).send(RawPeer.CARD, (byte) 0xff, (byte) 0xff, (byte) 1);
            assertRefused(stranger, Problem.PROTOCOL_VIOLATION, "cannot be read");
        }
        for (int length : new int[] {0, 31, 33}) {
            try (Caller stranger = new Caller(listener.port(), a)) {
                stranger.send(Wire.Card.newBuilder().setCommitment(ByteString.copyFrom(new byte[length])));
                assertRefused(stranger.peer, Problem.PROTOCOL_VIOLATION, "a commitment of " + length + " bytes");
            }
        }
    }

    @Test
    void garbageForACard() throws Exception {
        NodeCard card = a.card("host-a");
        String forged = card.text().replace("name: host-a", "name: host-x");
        for (String text : new String[] {"", "hello", "vmmig node card 1\n", "x".repeat(40_000), forged}) {
            try (Caller stranger = new Caller(listener.port(), a)) {
                Wire.Card theirs = stranger.commit(card).awaitCard();
                stranger.show(text, stranger.challenge.shown(), stranger.proof(card, theirs));
                assertRefused(
                        stranger.peer,
                        Problem.NODE_CARD_INVALID,
                        text.equals(forged) ? "not signed" : "not the card of a host");
            }
        }
    }

    @Test
    void garbageForAChallenge() throws Exception {
        NodeCard card = a.card("host-a");
        try (Caller stranger = new Caller(listener.port(), a)) {
            Wire.Card theirs = stranger.commit(card).awaitCard();
            stranger.show(card.text(), new byte[31], stranger.proof(card, theirs));
            assertRefused(stranger.peer, Problem.PROTOCOL_VIOLATION, "a challenge of 31 bytes");
        }
    }

    /** Whoever could show another challenge than was committed to could try until the code is the one that is wanted. */
    @Test
    void whatWasCommittedToHasToBeShown() throws Exception {
        NodeCard card = a.card("host-a");
        try (Caller stranger = new Caller(listener.port(), a)) {
            Wire.Card theirs = stranger.commit(card).awaitCard();
            stranger.show(card.text(), new Acquaintance.Challenge().shown(), stranger.proof(card, theirs));
            assertRefused(stranger.peer, Problem.NODE_CARD_INVALID, "committed to one card");
        }
        try (Caller stranger = new Caller(listener.port(), a)) {
            Wire.Card theirs = stranger.commit(card).awaitCard();
            NodeCard renamed = a.card("host-z");
            stranger.show(renamed.text(), stranger.challenge.shown(), stranger.proof(renamed, theirs));
            assertRefused(stranger.peer, Problem.NODE_CARD_INVALID, "committed to one card");
        }
    }

    @Test
    void whoDoesNotHoldTheSecretsOfItsCardIsRefused() throws Exception {
        NodeCard card = a.card("host-a");
        for (int length : new int[] {0, Acquaintance.PROOF_BYTES, 1000}) {
            try (Caller stranger = new Caller(listener.port(), a)) {
                stranger.commit(card).awaitCard();
                stranger.show(card.text(), stranger.challenge.shown(), new byte[length]);
                assertRefused(stranger.peer, Problem.NODE_CARD_INVALID, "does not hold the secrets");
            }
        }
    }

    @Test
    void aCardOfAnotherHost() throws Exception {
        HostIdentity c = HostIdentity.in(temp.resolve("c"));
        NodeCard card = c.card("host-a");
        try (Caller stranger = new Caller(listener.port(), a)) {
            Wire.Card theirs = stranger.commit(card).awaitCard();
            stranger.show(card.text(), stranger.challenge.shown(), stranger.proof(card, theirs));
            assertRefused(
                    stranger.peer, Problem.NODE_CARD_INVALID, c.fingerprint().toString());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {(64 << 10) + 1, Integer.MAX_VALUE, -1})
    void aCardWithoutBounds(int length) throws Exception {
        try (RawPeer stranger = RawPeer.meet(listener.port(), a)) {
            stranger.preamble(RawPeer.VERSION).sendHeader(RawPeer.CARD, length);
            assertRefused(stranger, Problem.PROTOCOL_VIOLATION, Integer.toUnsignedString(length) + " bytes");
        }
    }

    @Test
    void aSecondCard() throws Exception {
        NodeCard card = a.card("host-a");
        try (Caller stranger = new Caller(listener.port(), a)) {
            Wire.Card theirs = stranger.commit(card).awaitCard();
            byte[] proof = stranger.proof(card, theirs);
            stranger.show(card.text(), stranger.challenge.shown(), proof)
                    .show(card.text(), stranger.challenge.shown(), proof);
            stranger.awaitCard();
            assertRefused(stranger.peer, Problem.PROTOCOL_VIOLATION, "a frame of kind 12 instead of REFUSE");
        }
    }

    @Test
    void anotherVersion() throws Exception {
        try (RawPeer stranger = RawPeer.meet(listener.port(), a)) {
            stranger.preamble(9);
            assertThat(nextRejected())
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH))
                    .hasMessageContaining("version 9");
        }
    }

    @Test
    void aStrangerThatSaysNothing() throws Exception {
        try (TlsListener hasty = ready().connectTimeout(Duration.ofMillis(700))
                        .introducing("host-b", strangers::add)
                        .listen();
                RawPeer stranger = RawPeer.meet(hasty.port(), a)) {
            stranger.preamble(RawPeer.VERSION);
            assertThat(nextRejected()).satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
            assertThatThrownBy(() -> stranger.await(RawPeer.CARD)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aStrangerThatTakesTheCardAndStays() throws Exception {
        NodeCard card = a.card("host-a");
        try (TlsListener hasty = ready().connectTimeout(Duration.ofMillis(700))
                        .introducing("host-b", strangers::add)
                        .listen();
                Caller stranger = new Caller(hasty.port(), a)) {
            Wire.Card theirs = stranger.commit(card).awaitCard();
            stranger.show(card.text(), stranger.challenge.shown(), stranger.proof(card, theirs));
            stranger.awaitCard();
            assertThat(nextRejected()).satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
        }
        assertThat(strangers).isEmpty();
    }

    @Test
    void aStrangerWhoseCertificateHasExpired() throws Exception {
        HostIdentity expired = Expired.in(temp.resolve("expired"));
        assertThatThrownBy(() -> meet(expired, "host-a"))
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                .hasMessageContaining("refuses the certificate of this host, which has expired");
        assertThat(nextRejected())
                .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                .hasMessageContaining("has a certificate that has expired");
    }

    @Test
    void aListenerThatFailsToLookDisturbsNobody() throws Exception {
        BlockingQueue<Introduction> seen = new LinkedBlockingQueue<>();
        Consumer<Introduction> clumsy = introduction -> {
            seen.add(introduction);
            throw new IllegalStateException("clumsy");
        };
        try (TlsListener other = ready().introducing("host-b", clumsy).listen()) {
            for (int i = 0; i < 3; i++) {
                meet(other.port(), a, "host-a");
                assertThat(seen.poll(5, TimeUnit.SECONDS)).isNotNull();
            }
        }
    }

    @Test
    void whatAHostThatIsMetMaySayInstead() throws Exception {
        assertMeeting(
                peer -> peer.preamble(RawPeer.VERSION).send(RawPeer.HELLO), Problem.PROTOCOL_VIOLATION, "kind 1", true);
        assertMeeting(
                peer -> peer.preamble(RawPeer.VERSION).sendHeader(RawPeer.CARD, 1 << 30),
                Problem.PROTOCOL_VIOLATION,
                "1073741824 bytes",
                true);
        byte[] challenge = new Acquaintance.Challenge().shown();
        assertMeeting(
                peer -> peer.preamble(RawPeer.VERSION).card(a.card("host-b"), challenge),
                Problem.NODE_CARD_INVALID,
                "another host",
                true);
        assertMeeting(
                peer -> peer.preamble(RawPeer.VERSION)
                        .card(b.card("host-b"), challenge)
                        .send(RawPeer.CARD, Wire.Card.newBuilder().build().toByteArray()),
                Problem.NODE_CARD_INVALID,
                "does not hold the secrets",
                true);
        assertMeeting(peer -> peer.preamble(3), Problem.PROTOCOL_MISMATCH, "version 3", false);
        assertMeeting(
                peer -> peer.preamble(RawPeer.VERSION)
                        .send(
                                RawPeer.REFUSE,
                                Wire.Refuse.newBuilder()
                                        .setFailure(Wire.Failure.newBuilder()
                                                .setProblem("PEER_FAILED")
                                                .setWhat("not\u001b[2J now"))
                                        .build()
                                        .toByteArray()),
                Problem.PEER_FAILED,
                "has refused the introduction: not [2J now",
                false);
    }

    private interface Doing {
        void with(RawPeer peer) throws Exception;
    }

    private void assertMeeting(Doing doing, Problem problem, String text, boolean told) throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            Background<Void> other = Background.run(() -> {
                try (RawPeer peer = RawPeer.beMet(server, b)) {
                    doing.with(peer);
                    if (told) {
                        assertThat(Wire.Refuse.parseFrom(peer.await(RawPeer.REFUSE))
                                        .getFailure()
                                        .getProblem())
                                .isEqualTo(problem.name());
                    } else {
                        // Until the other end has read what it was told.
                        peer.in.readAllBytes();
                    }
                }
                return null;
            });
            assertThatThrownBy(() -> meet(server.getLocalPort(), a, "host-a"))
                    .satisfies(e -> assertProblem(e, problem))
                    .hasMessageContaining(text);
            other.get();
        }
    }

    @Test
    void aHostThatIsMetAndSaysNothing() throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            Background<Void> other = Background.run(() -> {
                try (RawPeer peer = RawPeer.beMet(server, b)) {
                    peer.preamble(RawPeer.VERSION);
                    assertThatThrownBy(() -> {
                                peer.await(RawPeer.CARD);
                                peer.await(RawPeer.CARD);
                            })
                            .isInstanceOf(IOException.class);
                }
                return null;
            });
            assertThatThrownBy(() -> Introduction.with("127.0.0.1", server.getLocalPort())
                            .as(a, "host-a")
                            .within(Duration.ofMillis(900)))
                    .satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
            other.get();
        }
    }

    @Test
    void aHostThatDoesNotKnowIntroductions() throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            Background<Void> other = Background.run(() -> {
                try (RawPeer peer = RawPeer.accept(server, b)) {
                    assertThatThrownBy(() -> peer.await(RawPeer.CARD)).isInstanceOf(EOFException.class);
                } catch (IOException e) {
                    // The handshake may have failed here too.
                }
                return null;
            });
            assertThatThrownBy(() -> meet(server.getLocalPort(), a, "host-a"))
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH))
                    .hasMessageContaining("does not know introductions");
            other.get();
        }
    }

    @Test
    void nobodyAndSomethingElse() throws Exception {
        int free;
        try (ServerSocket server = new ServerSocket(0)) {
            free = server.getLocalPort();
        }
        assertThatThrownBy(() -> meet(free, a, "host-a")).satisfies(e -> assertProblem(e, Problem.PEER_UNREACHABLE));
        try (ServerSocket server = RawPeer.listen()) {
            Background<Void> other = Background.run(() -> {
                try (var socket = server.accept()) {
                    socket.getOutputStream().write("SSH-2.0-OpenSSH\r\n".getBytes(StandardCharsets.US_ASCII));
                    socket.getInputStream().readAllBytes();
                }
                return null;
            });
            assertThatThrownBy(() -> meet(server.getLocalPort(), a, "host-a"))
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH));
            other.get();
        }
    }

    @Test
    void aNameThatIsNoneIsRefusedBeforeAnybodyIsMet() throws Exception {
        assertThatThrownBy(() -> Introduction.with("127.0.0.1", 1).as(a, "host\na"))
                .satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        assertThatThrownBy(() -> ready().introducing("", strangers::add))
                .satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        assertThatThrownBy(() -> Introduction.with("127.0.0.1", 0))
                .satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
    }

    @Test
    void noMoreWaitThanSomebodyCanLookAt() throws Exception {
        CountDownLatch look = new CountDownLatch(1);
        Consumer<Introduction> slow = introduction -> {
            strangers.add(introduction);
            try {
                look.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        try (TlsListener other = TlsListener.on("127.0.0.1", 0)
                .as(b)
                .trusting(Set.of())
                .introducing("host-b", slow)
                .listen()) {
            for (int i = 0; i < IntroductionHandler.MAX_WAITING; i++) {
                assertThat(meet(other.port(), a, "host-a").theirs()).isEqualTo(b.card("host-b"));
            }
            assertThatThrownBy(() -> meet(other.port(), a, "host-a"))
                    .satisfies(e -> assertProblem(e, Problem.PEER_FAILED))
                    .hasMessageContaining("too many introductions waiting");
            look.countDown();
        }
    }
}
