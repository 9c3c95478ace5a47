// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.testing.Await;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.wire.proto.Wire;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A source that lives, and does not do what it is waited for; or so slowly that it may as well not. */
@Tag("once")
@Timeout(60)
class SlowSourceTest {
    private static final Duration PROGRESS = Duration.ofMillis(2500);
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Duration BEAT = Duration.ofMillis(50);

    @TempDir
    Path temp;

    private TlsListener listener;
    private RawPeer peer;
    private IncomingSession session;

    /** What a beat of the source's heart is. */
    @FunctionalInterface
    private interface Beat {
        void strike(RawPeer peer) throws IOException;
    }

    @BeforeEach
    void connect() throws Exception {
        connect(PROGRESS);
    }

    private void connect(Duration progress) throws Exception {
        HostIdentity source = HostIdentity.in(temp.resolve("source"));
        HostIdentity destination = HostIdentity.in(temp.resolve("destination"));
        listener = TlsListener.on("127.0.0.1", 0)
                .as(destination)
                .trusting(Set.of(source.fingerprint()))
                .progressTimeout(progress)
                .listen();
        peer = RawPeer.connect(listener.port(), source, destination.fingerprint())
                .greet();
        session = listener.accept(SOON);
    }

    @AfterEach
    void close() throws IOException {
        session.close();
        peer.close();
        listener.close();
    }

    /** Until the destination closes the connection. */
    private Background<Void> beating(Beat beat) {
        return Background.run(() -> {
            while (true) {
                try {
                    beat.strike(peer);
                } catch (IOException e) {
                    return null;
                }
                Await.timePasses(BEAT);
            }
        });
    }

    private void heartbeat(RawPeer to) throws IOException {
        to.send(RawPeer.HEARTBEAT);
    }

    private String refusal() throws IOException {
        Wire.Failure failure = Wire.Refuse.parseFrom(peer.await(RawPeer.REFUSE)).getFailure();
        assertThat(failure.getProblem()).isEqualTo(Problem.PEER_STALLED.name());
        return failure.getWhat();
    }

    private void accept() throws Exception {
        peer.offer();
        session.offer();
        session.accept(new Acceptance(Set.of()));
        peer.await(RawPeer.ACCEPT);
    }

    @Test
    void anOfferThatDoesNotCome() throws Exception {
        Background<Void> beats = beating(this::heartbeat);
        assertThatThrownBy(session::awaitOffer).satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
        assertThat(refusal()).contains("offered nothing for 2500 ms");
        peer.close();
        beats.get();
    }

    @Test
    void anOfferOfOneByteAtATime() throws Exception {
        peer.sendHeader(RawPeer.OFFER, 1 << 20);
        Background<Void> bytes = beating(to -> {
            to.out.write(0);
            to.out.flush();
        });
        assertThatThrownBy(session::offer).satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
        assertThat(refusal()).contains("offered nothing");
        peer.close();
        bytes.get();
    }

    @Test
    void aPackageOfOneByteAtATime() throws Exception {
        accept();
        Background<Void> bytes = beating(to -> to.send(RawPeer.DATA, (byte) 0));
        assertThatThrownBy(() -> session.packageStream().readAllBytes())
                .cause()
                .satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
        assertThat(refusal()).contains("sent less than 65536 bytes of the package");
        peer.close();
        bytes.get();
    }

    @Test
    void aGuestThatIsNotHandedOver() throws Exception {
        accept();
        peer.waiting(0);
        session.ready();
        peer.complete(0);
        session.packageStream().readAllBytes();
        session.restored();
        Background<Void> beats = beating(this::heartbeat);
        assertThatThrownBy(session::awaitCommit).satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
        assertThat(refusal()).contains("not handed the guest over");
        peer.close();
        beats.get();
    }

    /** It may have to wait for its guest, as long as its user allows; but what it has begun it goes on with. */
    @Test
    void aPartThatHasNotBegunIsNotOwed() throws Exception {
        accept();
        AtomicReference<Beat> beat = new AtomicReference<>(this::heartbeat);
        Background<Void> beats = beating(to -> beat.get().strike(to));
        Await.timePasses(PROGRESS.multipliedBy(2));
        peer.send(RawPeer.DATA, (byte) 0).waiting(1);
        session.ready();
        peer.await(RawPeer.READY);
        Await.timePasses(PROGRESS.multipliedBy(2));
        beat.set(to -> to.send(RawPeer.DATA, (byte) 0));
        assertThat(session.packageStream().readNBytes(2)).as("also of the rest").hasSize(2);
        assertThat(refusal()).contains("sent less than 65536 bytes of the package");
        peer.close();
        beats.get();
    }

    @Test
    void aPartThatNeverBeginsIsNotAwaitedForEver() throws Exception {
        close();
        connect(Duration.ofMillis(200));
        accept();
        Background<Void> beats = beating(this::heartbeat);
        assertThat(refusal()).contains("for 2400 ms");
        peer.close();
        beats.get();
    }

    /** What this host has to do first, a source may wait for. */
    @Test
    void aSourceThatWaitsForThisHostOwesNothing() throws Exception {
        peer.offer();
        session.awaitOffer();
        Background<Void> beats = beating(this::heartbeat);
        Await.timePasses(PROGRESS.multipliedBy(2));
        session.offer();
        session.accept(new Acceptance(Set.of()));
        peer.send(RawPeer.DATA, (byte) 0).waiting(1);
        Await.timePasses(PROGRESS.multipliedBy(2));
        session.ready();
        peer.await(RawPeer.READY);
        peer.close();
        beats.get();
    }
}
