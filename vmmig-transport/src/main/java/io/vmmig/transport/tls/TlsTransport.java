// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeKeys;
import io.vmmig.crypto.NodeStore;
import io.vmmig.crypto.TrustedNodes;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.Peer;
import io.vmmig.transport.wire.Inquiries;
import io.vmmig.transport.wire.PeerGaveUp;
import io.vmmig.transport.wire.Timeouts;
import io.vmmig.transport.wire.WireOutgoingSession;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Straight to another host, where a {@link TlsListener} waits.
 *
 * <pre>{@code
 * Peer node = TlsTransport.to("node2.example", 16550)
 *     .as(HostIdentity.in(identityDirectory))
 *     .trusting(NodeStore.in(nodesDirectory), "node2");
 * }</pre>
 *
 * <p>Both hosts prove who they are, or there is no connection. Immutable and thread-safe.
 */
public final class TlsTransport implements Peer {
    private static final Logger LOG = LoggerFactory.getLogger(TlsTransport.class);
    private static final UUID NO_PACKAGE = new UUID(0, 0);

    private final HostAddress address;
    private final HostIdentity self;
    private final Trusted trusted;
    private final Timeouts timeouts;
    private final boolean sealing;

    private TlsTransport(HostAddress address, HostIdentity self, Trusted trusted, Timeouts timeouts, boolean sealing) {
        this.address = address;
        this.self = self;
        this.trusted = trusted;
        this.timeouts = timeouts;
        this.sealing = sealing;
    }

    /** Whom to expect, which may be another host each time. */
    private interface Trusted {
        Trust now() throws VmmigException;

        String describe(String host);
    }

    private record TheOne(Fingerprint peer) implements Trusted {
        @Override
        public Trust now() {
            return Trust.in(Set.of(peer));
        }

        @Override
        public String describe(String host) {
            return host + " (fingerprint " + peer + ")";
        }
    }

    private record Any(TrustedNodes nodes) implements Trusted {
        @Override
        public Trust now() {
            return Trust.in(nodes);
        }

        @Override
        public String describe(String host) {
            return host;
        }
    }

    private record Named(NodeStore nodes, String name) implements Trusted {
        @Override
        public Trust now() throws VmmigException {
            return Trust.in(nodes, name);
        }

        @Override
        public String describe(String host) {
            return host + " (node " + name + ")";
        }
    }

    /**
     * Begins with where to: a name or an address, looked up anew for each transfer.
     *
     * @param port from 1 to 65535
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the port is another one, or the name is empty
     */
    public static Destination to(String host, int port) throws VmmigException {
        return new Destination(HostAddress.of(host, port));
    }

    /**
     * Begins with where to, as {@link #address()} says it.
     *
     * @param address such as {@code host-b:16550} or {@code [::1]:16550}
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is none
     */
    public static Destination to(String address) throws VmmigException {
        return new Destination(HostAddress.parse(address));
    }

    /** An address; missing is who asks. */
    public static final class Destination {
        private final HostAddress address;

        private Destination(HostAddress address) {
            this.address = address;
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
            return with(new TheOne(Objects.requireNonNull(peer)));
        }

        /**
         * Ends with the name that the one host that may answer has among {@code nodes}, which are asked for each transfer and
         * while it lasts: when the node is deleted, a transfer to it ends at once with {@link Problem#PEER_UNTRUSTED}.
         */
        public TlsTransport trusting(NodeStore nodes, String name) {
            return with(new Named(Objects.requireNonNull(nodes), Objects.requireNonNull(name)));
        }

        /**
         * Ends with the hosts any of which may answer; they are asked for each transfer and while it lasts. When the host that
         * has answered is trusted no more, a transfer to it ends at once with {@link Problem#PEER_UNTRUSTED}.
         */
        public TlsTransport trusting(TrustedNodes nodes) {
            return with(new Any(Objects.requireNonNull(nodes)));
        }

        private TlsTransport with(Trusted trusted) {
            return new TlsTransport(destination.address, self, trusted, Timeouts.DEFAULT, false);
        }
    }

    /**
     * The same, but the package is also sealed for the host that answers, on top of TLS: whoever breaks the connection's keys, now
     * or from a recording, needs that host's sealing key as well. Costs what sealing a file costs.
     */
    public TlsTransport sealing() {
        return new TlsTransport(address, self, trusted, timeouts, true);
    }

    private TlsTransport with(Timeouts changed) {
        return new TlsTransport(address, self, trusted, changed, sealing);
    }

    /**
     * The same, but gives up after {@code timeout} when the connection does not stand by then. Ten seconds when not said;
     * at least 100 ms.
     */
    public TlsTransport connectTimeout(Duration timeout) {
        return with(timeouts.withConnect(timeout));
    }

    /**
     * The same, but takes the other host for dead after {@code timeout} without any sign of life. A host that is busy, for
     * however long, gives such signs. Thirty seconds when not said; at least 100 ms.
     */
    public TlsTransport idleTimeout(Duration timeout) {
        return with(timeouts.withIdle(timeout));
    }

    /**
     * The same, but gives up on a host that lives and yet takes nothing of the package for {@code timeout}, or less than 64
     * KiB. Five minutes when not said; at least 100 ms.
     */
    public TlsTransport progressTimeout(Duration timeout) {
        return with(timeouts.withProgress(timeout));
    }

    /**
     * The same, but goes on trying for {@code limit} to connect again when the connection breaks, or nothing is heard from the other
     * host for the idle timeout; what has arrived is not sent again, and if it succeeds nobody notices more than a pause. The
     * other host must be the same and still have the transfer; one whose program was started again says at once that it has not.
     * Thirty seconds when not said, and never longer than that host waits; at least 100 ms, or zero to give up at once.
     */
    public TlsTransport resumingWithin(Duration limit) {
        return with(timeouts.withResume(limit));
    }

    /**
     * {@inheritDoc}
     *
     * @throws VmmigException with {@link Problem#PEER_UNREACHABLE} when nobody listens there,
     *     {@link Problem#PEER_UNTRUSTED} when one of the two hosts does not trust the other,
     *     {@link Problem#NODE_UNKNOWN} when no node has the name that was given,
     *     {@link Problem#PROTOCOL_MISMATCH} when something else listens there or another version of vmmig,
     *     {@link Problem#PEER_STALLED} or {@link Problem#CONNECTION_LOST} when it does not get that far
     */
    @Override
    public OutgoingSession open() throws VmmigException {
        WarmUp.begin();
        Trust trust = trusted.now();
        // Before the handshake asks, so that no removal falls between; it goes on until the session is closed.
        try (TrustWatch watch = TrustWatch.over(trust.nodes(), self.fingerprint())) {
            long deadline = System.nanoTime() + timeouts.connect().toNanos();
            TlsConnection connection =
                    Dialer.dial(address, () -> Handshake.ofClient(self, trust, address.toString()), deadline);
            return session(connection, trust, watch);
        }
    }

    @Override
    public Optional<String> address() {
        return Optional.of(address.toString());
    }

    /**
     * {@inheritDoc}
     *
     * <p>Within the connect timeout; throws as {@link #open()} does.
     */
    @Override
    public Outcome outcomeOf(UUID packageId) throws VmmigException {
        WarmUp.begin();
        long deadline = System.nanoTime() + timeouts.connect().toNanos();
        Trust trust = trusted.now();
        TlsConnection connection =
                Dialer.dial(address, () -> Handshake.ofInquirer(self, trust, address.toString()), deadline);
        return new ShortTalk(connection, address.toString(), "inquiry").within(Dialer.left(deadline), () -> {
            Inquiries.ask(connection, packageId);
            return Inquiries.await(connection);
        });
    }

    /**
     * {@inheritDoc}
     *
     * <p>By an inquiry about no package, which shows that each host trusts the other, and uses up nobody's {@link TlsListener#accept}.
     */
    @Override
    public void requireReachable() throws VmmigException {
        try {
            outcomeOf(NO_PACKAGE);
        } catch (VmmigException e) {
            // Anything else may have passed when it is opened.
            switch (e.problem()) {
                case PEER_UNREACHABLE, PEER_UNTRUSTED, NODE_UNKNOWN, PROTOCOL_MISMATCH -> throw e;
                default -> LOG.debug("{} did not answer well", this, e);
            }
        }
    }

    private OutgoingSession session(TlsConnection connection, Trust trust, TrustWatch watch) throws VmmigException {
        NodeKeys peer = connection.peer();
        Trust same = trust.only(peer.fingerprint());
        WireOutgoingSession wire;
        try {
            wire = WireOutgoingSession.start(
                    connection, address.toString(), timeouts, within -> dialAgain(same, within));
        } catch (IOException e) {
            connection.cut();
            throw VmmigException.from(
                    e,
                    Problem.CONNECTION_LOST,
                    "the connection with " + address + " broke",
                    "Try again; if it happens again, look at the log of the other host.");
        }
        try {
            return new TlsOutgoingSession(
                    wire, "host " + address + " (fingerprint " + peer.fingerprint() + ")", peer, sealing, watch);
        } catch (RuntimeException | Error e) {
            wire.close();
            throw e;
        }
    }

    private TlsConnection dialAgain(Trust same, Duration within) throws VmmigException, PeerGaveUp {
        long deadline = System.nanoTime() + within.toNanos();
        Handshake handshake = Handshake.ofResumer(self, same, address.toString());
        try {
            return handshake.perform(address.connect(deadline), Dialer.left(deadline));
        } catch (VmmigException e) {
            if (handshake.knowsPeer() && e.problem() == Problem.PEER_UNTRUSTED) {
                throw new PeerGaveUp(e.failure());
            }
            throw e;
        }
    }

    @Override
    public String description() {
        return trusted.describe("host " + address);
    }

    @Override
    public String toString() {
        return description();
    }
}
