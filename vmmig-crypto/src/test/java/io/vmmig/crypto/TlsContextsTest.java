// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Handshakes between two ends of this class, over a socket; transports have tests of their own. */
@Timeout(60)
class TlsContextsTest {
    @TempDir
    Path temp;

    @Test
    void eachLearnsAllKeysOfTheOther() throws Exception {
        HostIdentity client = HostIdentity.create();
        HostIdentity server = HostIdentity.create();

        assertThat(keysThatTheClientSees(client, server, TrustedNodes.of(Set.of(client.fingerprint()))))
                .isEqualTo(server.keys());
    }

    @Test
    void theStoreIsAskedEachTime() throws Exception {
        HostIdentity client = HostIdentity.create();
        HostIdentity server = HostIdentity.create();
        NodeStore store = NodeStore.in(temp.resolve("nodes"));

        assertThatThrownBy(() -> keysThatTheClientSees(client, server, store))
                .hasRootCauseInstanceOf(UntrustedKeyException.class);
        store.add(client.card("client"));
        assertThat(keysThatTheClientSees(client, server, store)).isEqualTo(server.keys());
        store.delete(client.fingerprint());
        assertThatThrownBy(() -> keysThatTheClientSees(client, server, store))
                .hasRootCauseInstanceOf(UntrustedKeyException.class)
                .hasStackTraceContaining(client.fingerprint().toString());
    }

    @Test
    void whoCannotBeLookedUpIsNotTrusted() throws Exception {
        HostIdentity client = HostIdentity.create();
        TrustedNodes broken = any -> {
            throw new TransportException(Problem.FILE_FAILED, "the disk is gone", "");
        };

        assertThatThrownBy(() -> keysThatTheClientSees(client, HostIdentity.create(), broken))
                .hasStackTraceContaining("the disk is gone");
    }

    @Test
    void certificatesHaveToBeValidNow() throws Exception {
        Instant now = Instant.now();
        HostIdentity expired = identity(now.minus(Duration.ofDays(9)), now.minus(Duration.ofDays(1)));
        HostIdentity early = identity(now.plus(Duration.ofDays(1)), now.plus(Duration.ofDays(9)));
        HostIdentity valid = identity(now.minus(Duration.ofDays(1)), now.plus(Duration.ofDays(1)));
        HostIdentity server = HostIdentity.create();
        TrustedNodes all = TrustedNodes.of(Set.of(expired.fingerprint(), early.fingerprint(), valid.fingerprint()));

        assertThat(keysThatTheClientSees(valid, server, all)).isEqualTo(server.keys());
        assertThatThrownBy(() -> keysThatTheClientSees(expired, server, all))
                .hasRootCauseInstanceOf(CertificateExpiredException.class);
        assertThatThrownBy(() -> keysThatTheClientSees(early, server, all))
                .hasRootCauseInstanceOf(CertificateNotYetValidException.class);
    }

    @Test
    void theOtherKeysOfATrustedHostAreOfNoUseWithoutItsTlsKey() throws Exception {
        HostIdentity victim = HostIdentity.create();
        KeySet stolen =
                SelfSigned.create(victim.keySet().signingSeed(), victim.keySet().sealing());
        HostIdentity thief = new HostIdentity(stolen, List.of(), List.of());

        assertThatThrownBy(() -> keysThatTheClientSees(
                        thief, HostIdentity.create(), TrustedNodes.of(Set.of(victim.fingerprint()))))
                .hasRootCauseInstanceOf(UntrustedKeyException.class);
    }

    @Test
    void acertificateOfSomethingElseIsNamed() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        KeyPair pair = generator.generateKeyPair();
        X509Certificate plain = PlainCertificate.of(pair);

        assertThatThrownBy(() -> NodeKeys.of(plain))
                .isInstanceOf(CertificateException.class)
                .hasMessageContaining("not the certificate of a vmmig host");
        PinnedTrust trust = new PinnedTrust(any -> true);
        assertThatThrownBy(() -> trust.checkClientTrusted(new X509Certificate[] {plain}, "EC"))
                .isInstanceOf(UntrustedKeyException.class);
        assertThatThrownBy(() -> trust.checkServerTrusted(new X509Certificate[0], "EC"))
                .isInstanceOf(UntrustedKeyException.class);
    }

    private static HostIdentity identity(Instant notBefore, Instant notAfter) throws Exception {
        KeySet keys = KeySet.create();
        return new HostIdentity(
                SelfSigned.create(keys.signingSeed(), keys.sealing(), Date.from(notBefore), Date.from(notAfter)),
                List.of(),
                List.of());
    }

    /** What the client is shown, if the server takes it; else what the server throws. */
    private static NodeKeys keysThatTheClientSees(HostIdentity client, HostIdentity server, TrustedNodes trusted)
            throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Exception> refusal = CompletableFuture.supplyAsync(() -> {
                try (Socket raw = listening.accept();
                        SSLSocket socket = secured(raw, server, trusted, false)) {
                    socket.startHandshake();
                    socket.getOutputStream().write(1);
                    return null;
                } catch (IOException e) {
                    return e;
                }
            });
            try (Socket raw = new Socket(listening.getInetAddress(), listening.getLocalPort());
                    SSLSocket socket = secured(raw, client, TrustedNodes.of(Set.of(server.fingerprint())), true)) {
                socket.startHandshake();
                int welcome = socket.getInputStream().read();
                assertThat(welcome).isEqualTo(1);
                return NodeKeys.of((X509Certificate) socket.getSession().getPeerCertificates()[0]);
            } catch (IOException | AssertionError e) {
                Exception theirs = refusal.get();
                throw theirs == null ? new IOException("only the client failed", e) : theirs;
            }
        }
    }

    private static SSLSocket secured(Socket raw, HostIdentity self, TrustedNodes trusted, boolean client)
            throws IOException {
        SSLSocket socket =
                (SSLSocket) TlsContexts.of(self, trusted).getSocketFactory().createSocket(raw, "", 0, true);
        socket.setSSLParameters(TlsContexts.parameters());
        socket.setUseClientMode(client);
        socket.setSoTimeout(10_000);
        return socket;
    }
}
