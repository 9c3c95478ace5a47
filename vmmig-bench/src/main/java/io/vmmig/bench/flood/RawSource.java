// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.flood;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.TlsContexts;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLSocket;

/** A hostile trusted source that stays connected; see {@code docs/wire-protocol.md}. */
final class RawSource implements AutoCloseable {
    private static final int HELLO = 1;
    private static final int OFFER = 2;
    private static final int HEARTBEAT = 11;
    private static final byte[] IDLE_20_SECONDS = {8, (byte) 0xa0, (byte) 0x9c, 1};

    private final SSLSocket tls;
    private final DataOutputStream out;
    private final long began = System.nanoTime();
    private final CompletableFuture<Duration> borne = new CompletableFuture<>();
    private volatile boolean offering;

    RawSource(int port, HostIdentity self, Fingerprint destination) throws IOException {
        Socket raw = new Socket(InetAddress.getLoopbackAddress(), port);
        tls = (SSLSocket)
                TlsContexts.of(self, Set.of(destination)).getSocketFactory().createSocket(raw, "", 0, true);
        tls.setSSLParameters(TlsContexts.parameters());
        tls.startHandshake();
        out = new DataOutputStream(tls.getOutputStream());
        DataInputStream in = new DataInputStream(tls.getInputStream());
        in.readFully(new byte[7]);
        out.write("vmmig".getBytes(StandardCharsets.US_ASCII));
        out.writeShort(2);
        send(HELLO, IDLE_20_SECONDS);
        Thread reader = new Thread(() -> read(in), "raw source");
        reader.setDaemon(true);
        reader.start();
    }

    private void read(DataInputStream in) {
        try {
            while (true) {
                in.readUnsignedByte();
                in.readFully(new byte[in.readInt()]);
            }
        } catch (IOException e) {
            borne.complete(Duration.ofNanos(System.nanoTime() - began));
        }
    }

    private synchronized void send(int kind, byte... payload) throws IOException {
        out.writeByte(kind);
        out.writeInt(payload.length);
        out.write(payload);
        out.flush();
    }

    /** Begins an offer of that size, and sends that much of it. */
    synchronized RawSource offer(int size, int said) throws IOException {
        offering = true;
        out.writeByte(OFFER);
        out.writeInt(size);
        out.write(new byte[said]);
        out.flush();
        return this;
    }

    /** Sends one byte of the offer that it has begun, or a heartbeat. */
    void beat() {
        try {
            if (offering) {
                synchronized (this) {
                    out.write(0);
                    out.flush();
                }
            } else {
                send(HEARTBEAT);
            }
        } catch (IOException e) {
            // The destination has closed it, which the reader notices.
        }
    }

    /** Waits until the destination closes the connection; returns how long that took. */
    CompletableFuture<Duration> borne() {
        return borne;
    }

    @Override
    public void close() {
        Strangers.close(tls);
    }
}
