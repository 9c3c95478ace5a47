// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.TlsContexts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** A peer whose key is fine, and who is strange in some other way. */
final class StrangePeer implements AutoCloseable {
    private static final short VERSION_OF_THE_FUTURE = 4711;

    private final HostIdentity identity;
    private final Set<Fingerprint> trusted;
    private final ServerSocket server;
    private final CountDownLatch visited = new CountDownLatch(1);
    private volatile @Nullable Socket visitor;

    private StrangePeer(HostIdentity identity, Set<Fingerprint> trusted, ServerSocket server) {
        this.identity = identity;
        this.trusted = trusted;
        this.server = server;
    }

    /** Listens, and speaks a version of the protocol that is yet to come. */
    static StrangePeer ofTheFuture(HostIdentity identity, Fingerprint trusted) throws IOException {
        StrangePeer peer = listening(identity, trusted);
        peer.start(peer::greetOne);
        return peer;
    }

    /** Listens, takes connections, and says nothing. */
    static StrangePeer silent(HostIdentity identity, Fingerprint trusted) throws IOException {
        StrangePeer peer = listening(identity, trusted);
        peer.start(peer::keepOneWaiting);
        return peer;
    }

    private static StrangePeer listening(HostIdentity identity, Fingerprint trusted) throws IOException {
        return new StrangePeer(identity, Set.of(trusted), new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
    }

    private void start(Runnable work) {
        Thread thread = new Thread(work, "strange-peer");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return server.getLocalPort();
    }

    String fingerprint() {
        return identity.fingerprint().toString();
    }

    /** Waits until someone has connected. */
    void awaitVisit() throws InterruptedException {
        visited.await();
    }

    /** Connects as a source that speaks a version of the protocol that is yet to come. */
    static void visit(int port, HostIdentity identity, Fingerprint trusted) throws IOException {
        try (Socket raw = new Socket(InetAddress.getLoopbackAddress(), port);
                SSLSocket secure = secured(raw, identity, Set.of(trusted), true)) {
            greet(secure);
            secure.getInputStream().readAllBytes();
        }
    }

    private void greetOne() {
        try (Socket raw = server.accept();
                SSLSocket secure = secured(raw, identity, trusted, false)) {
            visited.countDown();
            greet(secure);
            secure.getInputStream().readAllBytes();
        } catch (IOException e) {
            // the other side has hung up, as it should
        }
    }

    private void keepOneWaiting() {
        try (Socket raw = server.accept()) {
            visitor = raw;
            visited.countDown();
            raw.getInputStream().readAllBytes();
        } catch (IOException e) {
            // the other side has hung up, as it should
        }
    }

    private static SSLSocket secured(Socket raw, HostIdentity identity, Set<Fingerprint> trusted, boolean client)
            throws IOException {
        SSLSocket secure = (SSLSocket)
                TlsContexts.of(identity, trusted).getSocketFactory().createSocket(raw, "", raw.getPort(), true);
        secure.setSSLParameters(TlsContexts.parameters());
        secure.setUseClientMode(client);
        secure.startHandshake();
        return secure;
    }

    private static void greet(SSLSocket secure) throws IOException {
        ByteBuffer preamble = ByteBuffer.allocate(7);
        preamble.put("vmmig".getBytes(StandardCharsets.US_ASCII)).putShort(VERSION_OF_THE_FUTURE);
        secure.getOutputStream().write(preamble.array());
        secure.getOutputStream().flush();
    }

    @Override
    public void close() throws IOException {
        server.close();
        Socket last = visitor;
        if (last != null) {
            last.close();
        }
    }
}
