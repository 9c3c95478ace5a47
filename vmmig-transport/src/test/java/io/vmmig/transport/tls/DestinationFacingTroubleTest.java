// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertEndedByDeadlineOf;
import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.testing.Await;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import io.vmmig.transport.wire.proto.Wire;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
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

/** A destination whose source dies, falls silent, or breaks the rules. */
@Tag("once")
@Timeout(60)
class DestinationFacingTroubleTest {
    private enum At {
        CONNECTED,
        OFFERED,
        SENDING,
        COMPLETED,
        RESTORED,
        COMMITTED
    }

    @TempDir
    Path temp;

    private final CountDownLatch said = new CountDownLatch(1);
    private At pauseAt;
    private TlsPair pair;

    @BeforeEach
    void listen() throws VmmigException {
        pair = TlsPair.hasty(temp);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @ParameterizedTest
    @EnumSource(value = At.class, mode = EnumSource.Mode.EXCLUDE, names = "COMMITTED")
    void aSourceThatDies(At when) throws Exception {
        Background<Void> source = Background.run(() -> {
            RawPeer peer = upTo(when);
            peer.close();
            return null;
        });

        assertThatThrownBy(this::take).satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
        source.get();
    }

    @ParameterizedTest
    @EnumSource(value = At.class, mode = EnumSource.Mode.EXCLUDE, names = "COMMITTED")
    void aSourceThatFallsSilent(At when) throws Exception {
        Background<RawPeer> source = Background.run(() -> upTo(when));

        assertThatThrownBy(this::take)
                .satisfies(e -> assertProblem(e, Problem.PEER_STALLED))
                .satisfies(e -> assertEndedByDeadlineOf(e, 700, 1500, 2000));
        source.get().close();
    }

    @Test
    void aCommitCountsThoughTheSourceDiesRightAfter() throws Exception {
        try (RawPeer peer = peer();
                IncomingSession session = pair.accept()) {
            peer.offer();
            session.offer();
            session.accept(new Acceptance(Set.of()));
            session.ready();
            peer.waiting(0).complete(0);
            session.packageStream().readAllBytes();
            session.restored();
            peer.await(RawPeer.RESTORED);
            peer.send(RawPeer.COMMIT);
            peer.raw.shutdownOutput();
            Await.readers(0);

            session.awaitCommit();
            assertThatThrownBy(session::resumed).satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "CONNECTED, DATA",
        "CONNECTED, COMPLETE",
        "CONNECTED, COMMIT",
        "CONNECTED, HELLO",
        "CONNECTED, 12",
        "OFFERED, DATA",
        "OFFERED, OFFER",
        "OFFERED, COMMIT",
        "OFFERED, COMPLETE",
        "OFFERED, RESUMED",
        "OFFERED, REFUSE",
        "OFFERED, WAITING",
        "SENDING, COMPLETE",
        "SENDING, READY",
        "SENDING, WAITING",
        "COMPLETED, WAITING",
        "SENDING, COMMIT",
        "SENDING, OFFER",
        "SENDING, 77",
        "COMPLETED, DATA",
        "COMPLETED, COMMIT",
        "COMPLETED, COMPLETE",
        "RESTORED, DATA",
        "RESTORED, COMPLETE",
        "RESTORED, OFFER"
    })
    void anOrderThatIsNotAllowed(At when, String order) throws Exception {
        pauseAt = when;
        Background<Void> source = Background.run(() -> {
            RawPeer peer = upTo(when);
            peer.send(kind(order), order.equals("DATA") ? new byte[10] : new byte[0]);
            peer.await(RawPeer.REFUSE);
            said.countDown();
            peer.close();
            return null;
        });

        assertThatThrownBy(this::take).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        source.get();
    }

    @ParameterizedTest
    @CsvSource({"2, 8388609", "5, 65537", "5, -1", "5, 0", "10, 2147483647", "11, 100000"})
    void aLengthThatIsNotAllowed(int kind, int length) throws Exception {
        Background<Void> source = Background.run(() -> {
            RawPeer peer = upTo(At.CONNECTED);
            peer.sendHeader(kind, length);
            peer.await(RawPeer.REFUSE);
            peer.close();
            return null;
        });

        assertThatThrownBy(this::take).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        source.get();
    }

    @Test
    void fewerBytesThanTheSourceSaysItSent() throws Exception {
        Background<Void> source = Background.run(() -> {
            RawPeer peer = upTo(At.SENDING);
            peer.waiting(10_000).complete(123_456_789);
            peer.await(RawPeer.REFUSE);
            peer.close();
            return null;
        });

        assertThatThrownBy(this::take).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        source.get();
    }

    @Test
    void theRestMayNotComeBeforeTheDestinationIsReady() throws Exception {
        try (RawPeer peer = peer();
                IncomingSession session = pair.accept()) {
            peer.offer();
            session.offer();
            session.accept(new Acceptance(Set.of()));
            peer.await(RawPeer.ACCEPT);
            peer.send(RawPeer.DATA, new byte[100]).waiting(100).send(RawPeer.DATA, new byte[100]);
            peer.await(RawPeer.REFUSE);
            assertThatThrownBy(session::ready).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"DATA", "WAITING", "COMPLETE", "COMMIT"})
    void onlyAnOfferMayFollowABaseline(String order) throws Exception {
        try (RawPeer peer = peer();
                IncomingSession session = pair.accept()) {
            Offer sample = Samples.offer();
            peer.send(
                    RawPeer.OFFER,
                    Wire.Offer.newBuilder()
                            .setManifest(ByteString.copyFrom(
                                    sample.manifest().asBaseline().toJson()))
                            .setDomainXml(sample.domainXml())
                            .setGuest(ByteString.copyFrom(sample.guest().toJson()))
                            .build()
                            .toByteArray());
            assertThat(session.offer().manifest().baseline()).isTrue();
            session.accept(new Acceptance(Set.of()));
            peer.await(RawPeer.ACCEPT);
            peer.send(RawPeer.DATA, new byte[100]).waiting(100);
            assertThat(session.packageStream().readAllBytes()).hasSize(100);
            session.ready();
            peer.await(RawPeer.READY);
            peer.send(kind(order), order.equals("DATA") ? new byte[10] : new byte[0]);
            peer.await(RawPeer.REFUSE);
            assertThatThrownBy(session::offer).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        }
    }

    @Test
    void anOfferWhoseManifestIsNoneIsRefusedForThat() throws Exception {
        Background<byte[]> source = Background.run(() -> {
            RawPeer peer = upTo(At.CONNECTED);
            peer.send(
                    RawPeer.OFFER,
                    Wire.Offer.newBuilder()
                            .setManifest(ByteString.copyFromUtf8("{}"))
                            .build()
                            .toByteArray());
            byte[] refusal = peer.await(RawPeer.REFUSE);
            peer.close();
            return refusal;
        });

        assertThatThrownBy(this::take).satisfies(e -> assertProblem(e, Problem.PACKAGE_MALFORMED));
        assertThat(Wire.Refuse.parseFrom(source.get()).getFailure().getProblem())
                .isEqualTo("PACKAGE_MALFORMED");
    }

    @Test
    void reasonsThatThisVersionDoesNotKnowKeepTheirWordsAndLoseTheirTricks() throws Exception {
        Background<Void> source = Background.run(() -> {
            RawPeer peer = upTo(At.SENDING);
            peer.send(
                    RawPeer.ABORT,
                    Wire.Abort.newBuilder()
                            .setFailure(Wire.Failure.newBuilder()
                                    .setProblem("SOLAR_FLARE")
                                    .setWhat("the sun\u001b[2Jrose\n\u202etoo early")
                                    .setPhase("SUNRISE")
                                    .setSource("MOLTEN"))
                            .build()
                            .toByteArray());
            Await.readers(0);
            peer.close();
            return null;
        });

        assertThatThrownBy(this::take)
                .satisfies(e -> assertProblem(e, Problem.PEER_FAILED))
                .hasMessageContaining("the sun [2Jrose  too early (SOLAR_FLARE)");
        source.get();
    }

    private static int kind(String name) throws ReflectiveOperationException {
        return Character.isDigit(name.charAt(0))
                ? Integer.parseInt(name)
                : RawPeer.class.getDeclaredField(name).getInt(null);
    }

    private RawPeer peer() throws IOException {
        return RawPeer.connect(pair.listener.port(), pair.source, pair.destination.fingerprint())
                .greet();
    }

    /** A source that behaves until then. */
    private RawPeer upTo(At when) throws IOException {
        RawPeer peer = peer();
        if (when == At.CONNECTED) {
            return peer;
        }
        peer.offer();
        if (when == At.OFFERED) {
            return peer;
        }
        peer.await(RawPeer.ACCEPT);
        peer.send(RawPeer.DATA, new byte[10_000]);
        if (when == At.SENDING) {
            return peer;
        }
        peer.waiting(10_000);
        peer.await(RawPeer.READY);
        peer.complete(10_000);
        if (when == At.COMPLETED) {
            return peer;
        }
        peer.await(RawPeer.RESTORED);
        return peer;
    }

    /** Stops at {@link #pauseAt} until the destination has noticed what the source does. */
    private void take() throws Exception {
        try (IncomingSession session = pair.accept()) {
            assertThat(session.offer().domainXml()).isEqualTo(Samples.XML);
            reached(At.OFFERED);
            session.accept(new Acceptance(Set.of()));
            session.ready();
            session.packageStream().readAllBytes();
            reached(At.COMPLETED);
            session.restored();
            session.awaitCommit();
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
