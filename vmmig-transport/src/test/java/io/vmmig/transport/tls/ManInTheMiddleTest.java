// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.testing.Background;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Somebody between host a and host b, with a certificate of his own, who ends TLS on both sides. */
@Timeout(60)
class ManInTheMiddleTest {
    @TempDir
    Path temp;

    private final BlockingQueue<Introduction> strangers = new LinkedBlockingQueue<>();
    private final BlockingQueue<VmmigException> rejected = new LinkedBlockingQueue<>();
    private HostIdentity a;
    private HostIdentity b;
    private HostIdentity man;
    private TlsListener listener;

    @BeforeEach
    void listen() throws Exception {
        a = HostIdentity.in(temp.resolve("a"));
        b = HostIdentity.in(temp.resolve("b"));
        man = HostIdentity.in(temp.resolve("man"));
        listener = TlsListener.on("127.0.0.1", 0)
                .as(b)
                .trusting(Set.of(a.fingerprint()))
                .introducing("host-b", strangers::add)
                .onRejected(rejected::add)
                .listen();
    }

    @AfterEach
    void close() {
        listener.close();
    }

    /** Takes one connection and passes on, to b, all that is said; gives what the second handshake or the passing threw. */
    private Background<Void> relay(ServerSocket server, String... protocols) {
        return Background.run(() -> {
            try (RawPeer toB = RawPeer.connect(listener.port(), man, protocols);
                    RawPeer toA = RawPeer.accept(server, man, protocols)) {
                Background<Void> back = Background.run(() -> pass(toB, toA));
                pass(toA, toB);
                back.get();
            }
            return null;
        });
    }

    private static Void pass(RawPeer from, RawPeer to) throws IOException {
        InputStream in = from.in;
        OutputStream out = to.out;
        byte[] buffer = new byte[64 << 10];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            out.write(buffer, 0, n);
            out.flush();
        }
        to.tls.shutdownOutput();
        return null;
    }

    @Test
    void aTransferStopsAtHisCertificateAtBothEnds() throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            Background<Void> relay = relay(server);
            TlsTransport throughHim =
                    TlsTransport.to("127.0.0.1", server.getLocalPort()).as(a).trusting(b.fingerprint());

            assertThatThrownBy(throughHim::open)
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining(man.fingerprint().toString())
                    .hasMessageContaining(b.fingerprint().toString());
            assertThat(rejected.poll(5, TimeUnit.SECONDS))
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining(man.fingerprint().toString());
            assertThatThrownBy(relay::get).isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> listener.accept(Duration.ofMillis(100)))
                .satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
    }

    @Test
    void theCardsThatHePassesOnAreNotHis() throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            Background<Void> relay = relay(server, "vmmig-introduction/2");

            assertThatThrownBy(() -> meet(server.getLocalPort(), a))
                    .satisfies(e -> assertProblem(e, Problem.NODE_CARD_INVALID))
                    .hasMessageContaining(man.fingerprint().toString())
                    .hasMessageContaining(b.fingerprint().toString());
            assertThat(rejected.poll(5, TimeUnit.SECONDS))
                    .satisfies(e -> assertProblem(e, Problem.NODE_CARD_INVALID))
                    .hasMessageContaining(man.fingerprint().toString())
                    .hasMessageContaining(b.fingerprint().toString());
            relay.get();
        }
        assertThat(strangers).isEmpty();
    }

    @Test
    void theCodesDifferWhenTheAttackerShowsCardsOfTheirOwn() throws Exception {
        BlockingQueue<Introduction> seenByAttacker = new LinkedBlockingQueue<>();
        Introduction atA;
        try (TlsListener pretendsToBeB = TlsListener.on("127.0.0.1", 0)
                .as(man)
                .trusting(Set.of())
                .introducing("host-b", seenByAttacker::add)
                .listen()) {
            atA = meet(pretendsToBeB.port(), a);
            assertThat(seenByAttacker.poll(5, TimeUnit.SECONDS).theirs()).isEqualTo(a.card("host-a"));
        }
        meet(listener.port(), man);
        Introduction atB = strangers.poll(5, TimeUnit.SECONDS);

        // The names are right, and nothing else is.
        assertThat(atA.theirs().name()).isEqualTo("host-b");
        assertThat(atB.theirs().name()).isEqualTo("host-a");
        assertThat(atA.code()).isNotEqualTo(atB.code());
    }

    private static Introduction meet(int port, HostIdentity self) throws VmmigException {
        return Introduction.with("127.0.0.1", port).as(self, "host-a").within(Duration.ofSeconds(5));
    }
}
