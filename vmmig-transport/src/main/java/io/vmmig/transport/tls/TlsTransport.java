// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.Problem;
import io.vmmig.TransportException;
import io.vmmig.VmmigException;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.Transport;
import io.vmmig.transport.wire.Timeouts;
import io.vmmig.transport.wire.WireOutgoingSession;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Objects;

/**
 * Straight to another host, where a {@link TlsListener} waits.
 *
 * <pre>{@code
 * Transport node = TlsTransport.to("node2.example", 16550)
 *     .as(HostIdentity.in(directory))
 *     .trusting(Fingerprint.parse("1f0c-…"));
 * }</pre>
 *
 * <p>Both hosts prove who they are, or there is no connection. Immutable and thread-safe.
 */
public final class TlsTransport implements Transport {
    private final String host;
    private final int port;
    private final HostIdentity self;
    private final Fingerprint trusted;
    private final Timeouts timeouts;

    private TlsTransport(String host, int port, HostIdentity self, Fingerprint trusted, Timeouts timeouts) {
        this.host = host;
        this.port = port;
        this.self = self;
        this.trusted = trusted;
        this.timeouts = timeouts;
    }

    /**
     * Begins with where to: a name or an address, looked up anew for each transfer.
     *
     * @param port from 1 to 65535
     */
    public static Destination to(String host, int port) {
        if (port < 1 || port > 0xffff) {
            throw new IllegalArgumentException("port " + port);
        }
        return new Destination(Objects.requireNonNull(host), port);
    }

    /** An address; missing is who asks. */
    public static final class Destination {
        private final String host;
        private final int port;

        private Destination(String host, int port) {
            this.host = host;
            this.port = port;
        }

        /** Goes on with who this host is. */
        public Introduced as(HostIdentity self) {
            return new Introduced(this, Objects.requireNonNull(self));
        }
    }

    /** An address and who asks; missing is whom to expect there. */
    public static final class Introduced {
        private final Destination destination;
        private final HostIdentity self;

        private Introduced(Destination destination, HostIdentity self) {
            this.destination = destination;
            this.self = self;
        }

        /** Ends with the fingerprint of the one host that may answer. */
        public TlsTransport trusting(Fingerprint peer) {
            return new TlsTransport(
                    destination.host, destination.port, self, Objects.requireNonNull(peer), Timeouts.DEFAULT);
        }
    }

    /**
     * The same, but gives up after {@code timeout} when the connection does not stand by then. Ten seconds when not said;
     * at least 100 ms.
     */
    public TlsTransport connectTimeout(Duration timeout) {
        return new TlsTransport(host, port, self, trusted, timeouts.withConnect(timeout));
    }

    /**
     * The same, but takes the other host for dead after {@code timeout} without any sign of life. A host that is busy, for
     * however long, gives such signs. Thirty seconds when not said; at least 100 ms.
     */
    public TlsTransport idleTimeout(Duration timeout) {
        return new TlsTransport(host, port, self, trusted, timeouts.withIdle(timeout));
    }

    /**
     * The same, but gives up on a host that lives and yet takes no byte of the package for {@code timeout}. Five minutes
     * when not said; at least 100 ms.
     */
    public TlsTransport progressTimeout(Duration timeout) {
        return new TlsTransport(host, port, self, trusted, timeouts.withProgress(timeout));
    }

    /**
     * {@inheritDoc}
     *
     * @throws VmmigException with {@link Problem#PEER_UNREACHABLE} when nobody listens there,
     *     {@link Problem#PEER_UNTRUSTED} when one of the two hosts does not trust the other,
     *     {@link Problem#PROTOCOL_MISMATCH} when something else listens there or another version of vmmig,
     *     {@link Problem#PEER_STALLED} or {@link Problem#CONNECTION_LOST} when it does not get that far
     */
    @Override
    public OutgoingSession open() throws VmmigException {
        WarmUp.begin();
        long deadline = System.nanoTime() + timeouts.connect().toNanos();
        Socket raw = connect(deadline);
        Duration left = Duration.ofNanos(Math.max(deadline - System.nanoTime(), 1));
        TlsConnection connection = Handshake.ofClient(self, trusted, address()).perform(raw, left);
        try {
            return WireOutgoingSession.start(connection, address(), timeouts);
        } catch (IOException e) {
            connection.cut();
            throw VmmigException.from(
                    e,
                    Problem.CONNECTION_LOST,
                    "the connection with " + address() + " broke",
                    "Try again; if it happens again, look at the log of the other host.");
        }
    }

    private Socket connect(long deadline) throws VmmigException {
        InetAddress[] addresses;
        try {
            addresses = InetAddress.getAllByName(host);
        } catch (UnknownHostException e) {
            throw new TransportException(
                    Problem.PEER_UNREACHABLE, "the host " + host + " is not known", "Check its name.", e);
        }
        IOException last = new IOException("no address");
        for (InetAddress address : addresses) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                break;
            }
            Socket raw = new Socket();
            try {
                raw.connect(new InetSocketAddress(address, port), (int) left);
                return raw;
            } catch (IOException e) {
                last = e;
                closeQuietly(raw);
            }
        }
        throw new TransportException(
                Problem.PEER_UNREACHABLE,
                "nobody answers at " + address() + ": " + last.getMessage(),
                "Check that vmmig listens there, and the firewalls on the way.",
                last);
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Closed or not, nothing more is done with it.
        }
    }

    private String address() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }

    @Override
    public String description() {
        return "host " + address() + " (fingerprint " + trusted + ")";
    }

    @Override
    public boolean live() {
        return true;
    }

    @Override
    public String toString() {
        return description();
    }
}
