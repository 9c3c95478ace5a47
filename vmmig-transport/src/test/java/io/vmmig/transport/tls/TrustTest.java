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
import io.vmmig.transport.testing.Await;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who gets in, and what those who do not are told. */
@Timeout(60)
class TrustTest {
    @TempDir
    Path temp;

    @Test
    void aDestinationWithAnotherKeyIsNotTalkedTo() throws Exception {
        HostIdentity expected = HostIdentity.in(temp.resolve("expected"));
        try (TlsPair pair = TlsPair.in(temp)) {
            TlsTransport transport = TlsTransport.to("127.0.0.1", pair.listener.port())
                    .as(pair.source)
                    .trusting(expected.fingerprint());

            assertThatThrownBy(transport::open)
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining(expected.fingerprint().toString())
                    .hasMessageContaining(pair.destination.fingerprint().toString());
            assertThat(pair.rejected.poll(5, TimeUnit.SECONDS))
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        }
    }

    @Test
    void aSourceThatIsNotKnownLearnsWhichFingerprintToMakeKnown() throws Exception {
        HostIdentity stranger = HostIdentity.in(temp.resolve("stranger"));
        try (TlsPair pair = TlsPair.in(temp)) {
            TlsTransport transport = TlsTransport.to("127.0.0.1", pair.listener.port())
                    .as(stranger)
                    .trusting(pair.destination.fingerprint());

            for (int i = 0; i < 20; i++) {
                assertThatThrownBy(transport::open)
                        .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                        .hasMessageContaining("does not know this host")
                        .hasMessageContaining(stranger.fingerprint().toString())
                        .hasMessageContaining("trust that fingerprint");
                assertThat(pair.rejected.poll(5, TimeUnit.SECONDS))
                        .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                        .hasMessageContaining(stranger.fingerprint().toString())
                        .hasMessageContaining(pair.source.fingerprint().toString());
            }
            assertThatThrownBy(() -> pair.listener.accept(Duration.ofMillis(100)))
                    .satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
        }
    }

    @Test
    void aSourceWithoutAKeyIsTurnedAway() throws Exception {
        try (TlsPair pair = TlsPair.in(temp)) {
            assertThatThrownBy(() -> readAsAnybody(pair.listener.port(), "TLSv1.3"))
                    .isInstanceOf(IOException.class);
            assertThat(pair.rejected.poll(5, TimeUnit.SECONDS)).isNotNull();
        }
    }

    @Test
    void anExpiredCertificateIsNamedAtBothEnds() throws Exception {
        HostIdentity expired = Expired.in(temp.resolve("expired"));
        HostIdentity valid = HostIdentity.in(temp.resolve("valid"));
        assertExpired(expired, valid, "has a certificate that has expired", "which has expired");
        assertExpired(valid, expired, "which has expired", "has a certificate that has expired");
    }

    private void assertExpired(HostIdentity destination, HostIdentity source, String atSource, String atDestination)
            throws Exception {
        BlockingQueue<VmmigException> rejected = new LinkedBlockingQueue<>();
        try (TlsListener listener = TlsListener.on("127.0.0.1", 0)
                .as(destination)
                .trusting(Set.of(source.fingerprint()))
                .onRejected(rejected::add)
                .listen()) {
            assertThatThrownBy(() -> TlsTransport.to("127.0.0.1", listener.port())
                            .as(source)
                            .trusting(destination.fingerprint())
                            .open())
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining(atSource);
            assertThat(rejected.poll(5, TimeUnit.SECONDS))
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED))
                    .hasMessageContaining(atDestination);
        }
    }

    @Test
    void olderTlsIsTurnedAway() throws Exception {
        try (TlsPair pair = TlsPair.in(temp)) {
            assertThatThrownBy(() -> readAsAnybody(pair.listener.port(), "TLSv1.2"))
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("protocol_version");
            assertThat(pair.rejected.poll(5, TimeUnit.SECONDS))
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH));
        }
    }

    private static void readAsAnybody(int port, String version) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsAnybody()}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.setEnabledProtocols(new String[] {version});
            socket.startHandshake();
            if (socket.getInputStream().read() < 0) {
                throw new IOException("closed");
            }
        }
    }

    private static final class TrustsAnybody implements X509TrustManager {
        @Override
        public void checkClientTrusted(java.security.cert.X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(java.security.cert.X509Certificate[] chain, String type) {}

        @Override
        public java.security.cert.X509Certificate[] getAcceptedIssuers() {
            return new java.security.cert.X509Certificate[0];
        }
    }

    @Test
    void somethingElseThatListens() throws Exception {
        for (String banner :
                List.of("SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\0\0\0\0\0")) {
            try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                Background<Void> other = Background.run(() -> {
                    try (Socket socket = server.accept()) {
                        socket.getOutputStream().write(banner.getBytes(StandardCharsets.US_ASCII));
                        // Until the client leaves, in whichever way it does.
                        socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                    } catch (SocketException e) {
                        assertThat(e).hasMessageContaining("reset");
                    }
                    return null;
                });
                assertThatThrownBy(() -> to(server.getLocalPort()).open())
                        .satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH));
                other.get();
            }
        }
    }

    @Test
    void somebodyElseWhoConnects() throws Exception {
        try (TlsPair pair = TlsPair.in(temp)) {
            try (Socket socket = new Socket("127.0.0.1", pair.listener.port())) {
                socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(pair.rejected.poll(5, TimeUnit.SECONDS))
                        .satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH));
            }
            pair.open().close();
        }
    }

    @Test
    void anotherVersionIsNamedAtBothEnds() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                RawPeer peer = RawPeer.connect(pair.listener.port(), pair.source, pair.destination.fingerprint())) {
            peer.preamble(7);
            assertThat(pair.rejected.poll(5, TimeUnit.SECONDS))
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH))
                    .hasMessageContaining("version 7")
                    .hasMessageContaining("version 2");
        }
        try (ServerSocket server = RawPeer.listen()) {
            HostIdentity other = HostIdentity.in(temp.resolve("destination"));
            HostIdentity self = HostIdentity.in(temp.resolve("source"));
            Background<Void> destination = Background.run(() -> {
                try (RawPeer peer = RawPeer.accept(server, other, self.fingerprint())) {
                    // Gets our version too, since both sides send before they judge.
                    peer.preamble(0xfffe);
                }
                return null;
            });
            assertThatThrownBy(() -> to(server.getLocalPort()).open())
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH))
                    .hasMessageContaining("version 65534")
                    .hasMessageContaining("version 2");
            destination.get();
        }
    }

    @Test
    void aTrustedPeerThatSpeaksSomethingElse() throws Exception {
        try (TlsPair pair = TlsPair.in(temp);
                RawPeer peer = RawPeer.connect(pair.listener.port(), pair.source, pair.destination.fingerprint())) {
            peer.out.writeBytes("GET / HTTP/1.1\r\n\r\n");
            peer.out.flush();
            assertThat(pair.rejected.poll(5, TimeUnit.SECONDS))
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_MISMATCH));
        }
    }

    @Test
    void nobodyListens() throws Exception {
        int free;
        try (ServerSocket server = new ServerSocket(0)) {
            free = server.getLocalPort();
        }
        assertThatThrownBy(() -> to(free).open()).satisfies(e -> assertProblem(e, Problem.PEER_UNREACHABLE));
    }

    @Test
    void nobodyHasThatName() throws Exception {
        HostIdentity self = HostIdentity.in(temp.resolve("source"));
        assertThatThrownBy(() -> TlsTransport.to("no-such-host.invalid", 1234)
                        .as(self)
                        .trusting(self.fingerprint())
                        .open())
                .satisfies(e -> assertProblem(e, Problem.PEER_UNREACHABLE))
                .hasMessageContaining("no-such-host.invalid");
    }

    @Test
    void aDestinationThatTakesTheConnectionAndSaysNothing() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> to(server.getLocalPort())
                            .connectTimeout(Duration.ofMillis(500))
                            .open())
                    .satisfies(e -> assertProblem(e, Problem.PEER_STALLED))
                    .hasMessageMatching(".*did not answer for [0-9]{1,3} ms.*");
        }
    }

    @Test
    void silentClientsKeepNobodyOut() throws Exception {
        try (TlsPair pair = TlsPair.in(temp)) {
            List<Socket> silent = new ArrayList<>();
            // More than may be in a handshake at once.
            for (int i = 0; i < 40; i++) {
                silent.add(new Socket("127.0.0.1", pair.listener.port()));
            }
            try (OutgoingSession source = pair.open();
                    IncomingSession destination = pair.accept()) {
                assertThat(source).isNotNull();
                assertThat(destination.description())
                        .contains(pair.source.fingerprint().toString());
            }
            // The oldest have given way, long before the deadline.
            assertThat(silent.get(0).getInputStream().read()).isNegative();
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    @Test
    void aSilentClientIsDroppedAtTheDeadline() throws Exception {
        try (TlsPair pair = new TlsPair(temp, Duration.ofMillis(500), Duration.ofSeconds(5), Duration.ofSeconds(5));
                Socket silent = new Socket("127.0.0.1", pair.listener.port())) {
            silent.setSoTimeout(5000);
            assertThat(silent.getInputStream().read()).isNegative();
            assertThat(pair.rejected.poll(5, TimeUnit.SECONDS)).satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
        }
    }

    @Test
    void aListenerThatIsClosedSaysSoToThoseWhoWaitAndToThoseWhoCame() throws Exception {
        TlsPair pair = TlsPair.in(temp);
        Background<IncomingSession> accepting = Background.run(pair::accept);
        OutgoingSession accepted = pair.open();
        IncomingSession incoming = accepting.get();
        OutgoingSession notAccepted = pair.open();
        Background<Void> offering = Background.run(() -> {
            notAccepted.offer(Samples.offer());
            return null;
        });
        offering.awaitIn("offer");
        Await.readers(4);

        pair.close();

        assertThatThrownBy(offering::get).satisfies(e -> assertProblem(e, Problem.PEER_FAILED));
        assertThatThrownBy(pair::accept).satisfies(e -> assertProblem(e, Problem.CANCELLED));
        assertThatThrownBy(() -> pair.transport.open()).satisfies(e -> assertProblem(e, Problem.PEER_UNREACHABLE));
        Background<Void> going = Background.run(() -> {
            accepted.offer(Samples.offer());
            return null;
        });
        assertThat(incoming.offer()).isEqualTo(Samples.offer());
        incoming.close();
        assertThatThrownBy(going::get).isInstanceOf(VmmigException.class);
        accepted.close();
    }

    @Test
    void aPortThatIsTaken() throws Exception {
        try (TlsPair pair = TlsPair.in(temp)) {
            assertThatThrownBy(() -> TlsListener.on("127.0.0.1", pair.listener.port())
                            .as(pair.destination)
                            .trusting(Set.of())
                            .listen())
                    .satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        }
    }

    private TlsTransport to(int port) throws VmmigException {
        return TlsTransport.to("127.0.0.1", port)
                .as(HostIdentity.in(temp.resolve("source")))
                .trusting(HostIdentity.in(temp.resolve("destination")).fingerprint())
                .connectTimeout(Duration.ofSeconds(5));
    }
}
