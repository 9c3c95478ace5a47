// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.NodeKeys;
import io.vmmig.sparse.BlockInput;
import io.vmmig.sparse.BlockOutput;
import io.vmmig.transport.wire.Connection;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS over a socket.
 *
 * <p>Not an {@code SSLSocket}, because that breaks when one thread reads while another writes during a key update, which TLS 1.3
 * does after 128 GiB: the reader answers with its own key update in the middle of the writer's record ({@code bad_record_mac};
 * seen on JDK 17 and 25). Here one lock guards the engine for both directions, and only the writer sends.
 */
final class TlsConnection implements Connection {
    private static final Logger LOG = LoggerFactory.getLogger(TlsConnection.class);
    /** Records per system call, once there is much to send, so that an idle connection costs little. */
    private static final int RECORDS = 4;

    private final Socket socket;
    private final SSLEngine engine;
    private final InputStream rawInput;
    private final OutputStream rawOutput;

    private ByteBuffer sealedIn;
    private final ByteBuffer plainIn;
    private ByteBuffer sealedOut;
    private final Input input = new Input();
    private final Output output = new Output();

    TlsConnection(Socket socket, SSLEngine engine) throws IOException {
        this.socket = socket;
        this.engine = engine;
        rawInput = socket.getInputStream();
        rawOutput = socket.getOutputStream();
        SSLSession session = engine.getSession();
        sealedIn = ByteBuffer.allocate(session.getPacketBufferSize()).limit(0);
        plainIn = ByteBuffer.allocate(session.getApplicationBufferSize()).limit(0);
        sealedOut = ByteBuffer.allocate(session.getPacketBufferSize());
    }

    /** Runs the TLS handshake. On failure the peer has got the matching alert. */
    void handshake() throws IOException {
        try {
            engine.beginHandshake();
            for (HandshakeStatus status = engine.getHandshakeStatus();
                    status != HandshakeStatus.NOT_HANDSHAKING && status != HandshakeStatus.FINISHED;
                    status = step(status)) {
                continue;
            }
        } catch (SSLException e) {
            sendAlert(e);
            throw e;
        }
    }

    private HandshakeStatus step(HandshakeStatus status) throws IOException {
        return switch (status) {
            case NEED_TASK -> {
                runTasks();
                yield engine.getHandshakeStatus();
            }
            case NEED_WRAP -> {
                sealedOut.clear();
                HandshakeStatus next =
                        engine.wrap(ByteBuffer.allocate(0), sealedOut).getHandshakeStatus();
                send();
                yield next;
            }
            case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                plainIn.clear();
                SSLEngineResult result = unwrap(plainIn);
                plainIn.flip();
                yield result.getHandshakeStatus();
            }
            case FINISHED, NOT_HANDSHAKING -> status;
        };
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    private void sendAlert(SSLException reason) {
        try {
            engine.closeOutbound();
            while (!engine.isOutboundDone()) {
                sealedOut.clear();
                SSLEngineResult result = engine.wrap(ByteBuffer.allocate(0), sealedOut);
                send();
                if (result.getStatus() == SSLEngineResult.Status.CLOSED || result.bytesProduced() == 0) {
                    break;
                }
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /** The peer's certificate, authenticated by the handshake. */
    NodeKeys peer() {
        try {
            return NodeKeys.of((X509Certificate) engine.getSession().getPeerCertificates()[0]);
        } catch (SSLPeerUnverifiedException | CertificateException e) {
            throw new IllegalStateException("the handshake accepted an invalid certificate", e);
        }
    }

    /** The protocol agreed on by ALPN; empty if none. */
    String protocol() {
        return engine.getApplicationProtocol();
    }

    /** Ends this direction, and closes once the peer has read everything, or after half a second. */
    void closeWhenRead() {
        try {
            endOutput();
        } catch (IOException e) {
            LOG.debug("could not send close_notify", e);
        }
        Sockets.closeWhenRead(socket);
    }

    @Override
    public InputStream input() {
        return input;
    }

    @Override
    public OutputStream output() {
        return output;
    }

    @Override
    public void readTimeout(Duration timeout) throws IOException {
        socket.setSoTimeout((int) timeout.toMillis());
    }

    @Override
    public void endOutput() throws IOException {
        engine.closeOutbound();
        SSLEngineResult result;
        // The engine's pending output goes first.
        do {
            sealedOut.clear();
            result = engine.wrap(ByteBuffer.allocate(0), sealedOut);
            send();
        } while (!engine.isOutboundDone() && result.bytesProduced() > 0);
        socket.shutdownOutput();
    }

    @Override
    public void cut() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing failed", e);
        }
    }

    @Override
    public boolean isCut() {
        return socket.isClosed();
    }

    private int bulk() {
        return RECORDS * engine.getSession().getPacketBufferSize();
    }

    private void send() throws IOException {
        rawOutput.write(sealedOut.array(), 0, sealedOut.position());
    }

    /** Reads one record from the peer; may wait. */
    private SSLEngineResult unwrap(ByteBuffer target) throws IOException {
        while (true) {
            SSLEngineResult result = engine.unwrap(sealedIn, target);
            switch (result.getStatus()) {
                case BUFFER_UNDERFLOW -> receive();
                case BUFFER_OVERFLOW -> throw new SSLException("a record is larger than TLS allows");
                case OK, CLOSED -> {
                    return result;
                }
            }
        }
    }

    private void receive() throws IOException {
        if (sealedIn.limit() == sealedIn.capacity() && sealedIn.capacity() < bulk()) {
            sealedIn = ByteBuffer.allocate(bulk()).put(sealedIn);
        } else {
            sealedIn.compact();
        }
        int n;
        try {
            n = rawInput.read(sealedIn.array(), sealedIn.position(), sealedIn.remaining());
            if (n > 0) {
                sealedIn.position(sealedIn.position() + n);
            }
        } finally {
            sealedIn.flip();
        }
        if (n < 0) {
            throw new EOFException("the peer closed the connection");
        }
    }

    /** Decrypts into the caller's array if that is large enough for any record. */
    private final class Input extends BlockInput {
        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (!plainIn.hasRemaining()) {
                if (length >= plainIn.capacity()) {
                    return next(ByteBuffer.wrap(target, offset, length).slice());
                }
                plainIn.clear();
                try {
                    if (next(plainIn) < 0) {
                        return -1;
                    }
                } finally {
                    plainIn.flip();
                }
            }
            int n = Math.min(length, plainIn.remaining());
            plainIn.get(target, offset, n);
            return n;
        }

        /** Decrypts at least one byte into {@code plain}; returns the number, or -1 at the end. */
        private int next(ByteBuffer plain) throws IOException {
            while (plain.position() == 0) {
                SSLEngineResult result = unwrap(plain);
                if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                    runTasks();
                }
                if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                    return -1;
                }
            }
            return plain.position();
        }
    }

    /** Encrypts several records at a time, with the engine's own output, such as key updates. */
    private final class Output extends BlockOutput {
        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            ByteBuffer plain = ByteBuffer.wrap(bytes, offset, length);
            int packet = engine.getSession().getPacketBufferSize();
            if (length > packet && sealedOut.capacity() < bulk()) {
                sealedOut = ByteBuffer.allocate(bulk());
            }
            while (plain.hasRemaining()) {
                sealedOut.clear();
                while (plain.hasRemaining() && sealedOut.remaining() >= packet) {
                    SSLEngineResult result = engine.wrap(plain, sealedOut);
                    if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                        throw new SSLException("the connection is closed");
                    }
                    if (result.getStatus() != SSLEngineResult.Status.OK) {
                        break;
                    }
                }
                send();
            }
        }
    }
}
