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
import io.vmmig.transport.wire.PeerAbortedException;
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
 * Moves guests directly to another host, where a {@link TlsListener} accepts them.
 *
 * <pre>{@code
 * Peer node = TlsTransport.to("node2.example", 16550)
 *     .as(HostIdentity.in(identityDirectory))
 *     .trusting(NodeStore.in(nodesDirectory), "node2");
 * }</pre>
 *
 * <p>Both hosts are authenticated, or there is no connection. Immutable and thread-safe.
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

    /** Supplies the expected host, for each transfer. */
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
     * Starts with the destination's name or address, which is resolved for each transfer.
     *
     * @param port from 1 to 65535
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the port is another one, or the name is empty
     */
    public static Destination to(String host, int port) throws VmmigException {
        return new Destination(HostAddress.of(host, port));
    }

    /**
     * Starts with an address as {@link #address()} returns it.
     *
     * @param address such as {@code host-b:16550} or {@code [::1]:16550}
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is malformed
     */
    public static Destination to(String address) throws VmmigException {
        return new Destination(HostAddress.parse(address));
    }

    /** Next step: this host's identity. */
    public static final class Destination {
        private final HostAddress address;

        private Destination(HostAddress address) {
            this.address = address;
        }

        /** Sets this host's identity. */
        public Introduced as(HostIdentity self) {
            return new Introduced(this, Objects.requireNonNull(self));
        }
    }

    /** Last step: the expected host. */
    public static final class Introduced {
        private final Destination destination;
        private final HostIdentity self;

        private Introduced(Destination destination, HostIdentity self) {
            this.destination = destination;
            this.self = self;
        }

        /** Accepts only the host with this fingerprint. */
        public TlsTransport trusting(Fingerprint peer) {
            return with(new TheOne(Objects.requireNonNull(peer)));
        }

        /**
         * Accepts only the host with this name among {@code nodes}. They are asked for each transfer and throughout it: when the
         * node is deleted, a transfer to it ends at once with {@link Problem#PEER_UNTRUSTED}.
         */
        public TlsTransport trusting(NodeStore nodes, String name) {
            return with(new Named(Objects.requireNonNull(nodes), Objects.requireNonNull(name)));
        }

        /**
         * Accepts any of these hosts. They are asked for each transfer and throughout it: when the host is no longer trusted, a
         * transfer to it ends at once with {@link Problem#PEER_UNTRUSTED}.
         */
        public TlsTransport trusting(TrustedNodes nodes) {
            return with(new Any(Objects.requireNonNull(nodes)));
        }

        private TlsTransport with(Trusted trusted) {
            return new TlsTransport(destination.address, self, trusted, Timeouts.DEFAULT, false);
        }
    }

    /**
     * Also seals the package for the destination, on top of TLS: an attacker who breaks the connection's keys, now or from a
     * recording, needs that host's sealing key as well. Costs as much as sealing a file.
     */
    public TlsTransport sealing() {
        return new TlsTransport(address, self, trusted, timeouts, true);
    }

    private TlsTransport with(Timeouts changed) {
        return new TlsTransport(address, self, trusted, changed, sealing);
    }

    /** Sets how long connecting may take. Default ten seconds; at least 100 ms. */
    public TlsTransport connectTimeout(Duration timeout) {
        return with(timeouts.withConnect(timeout));
    }

    /**
     * Sets after how much silence the other host is considered dead. A busy host is not silent. Default thirty seconds; at least
     * 100 ms.
     */
    public TlsTransport idleTimeout(Duration timeout) {
        return with(timeouts.withIdle(timeout));
    }

    /** Sets how long a live host may take to receive 64 KiB of the package. Default five minutes; at least 100 ms. */
    public TlsTransport progressTimeout(Duration timeout) {
        return with(timeouts.withProgress(timeout));
    }

    /**
     * Sets how long to try to reconnect when the connection breaks, or is silent for the idle timeout. Data that has arrived is
     * not sent again, so a successful attempt is just a pause. It must be the same host, and it must still have the transfer; a
     * restarted program refuses at once. Default thirty seconds, and never longer than that host waits; at least 100 ms, or zero
     * to abort at once.
     */
    public TlsTransport resumingWithin(Duration limit) {
        return with(timeouts.withResume(limit));
    }

    /**
     * {@inheritDoc}
     *
     * @throws VmmigException with {@link Problem#PEER_UNREACHABLE} when nobody listens there, {@link Problem#PEER_UNTRUSTED} when
     *     one of the two hosts does not trust the other, {@link Problem#NODE_UNKNOWN} when no node has the name that was given,
     *     {@link Problem#PROTOCOL_MISMATCH} when something else listens there or another version of vmmig, {@link
     *     Problem#PEER_STALLED} or {@link Problem#CONNECTION_LOST} when the connection stalls or breaks
     */
    @Override
    public OutgoingSession open() throws VmmigException {
        WarmUp.begin();
        Trust trust = trusted.now();
        // Before the handshake asks, so that no removal is missed; until the session is closed.
        try (RevocationMonitor watch = RevocationMonitor.over(trust.nodes(), self.fingerprint())) {
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
        return new ControlExchange(connection, address.toString(), "inquiry").within(Dialer.left(deadline), () -> {
            Inquiries.ask(connection, packageId);
            return Inquiries.await(connection);
        });
    }

    /**
     * {@inheritDoc}
     *
     * <p>Sends an inquiry about no package, which shows that the hosts trust each other, and does not wake {@link
     * TlsListener#accept}.
     */
    @Override
    public void requireReachable() throws VmmigException {
        try {
            outcomeOf(NO_PACKAGE);
        } catch (VmmigException e) {
            // Anything else may have passed when it is opened.
            switch (e.problem()) {
                case PEER_UNREACHABLE, PEER_UNTRUSTED, NODE_UNKNOWN, PROTOCOL_MISMATCH -> throw e;
                default -> LOG.debug("{} gave an invalid answer", this, e);
            }
        }
    }

    private OutgoingSession session(TlsConnection connection, Trust trust, RevocationMonitor watch)
            throws VmmigException {
        NodeKeys peer = connection.peer();
        Trust same = trust.only(peer.fingerprint());
        WireOutgoingSession wire;
        try {
            wire = WireOutgoingSession.start(
                    connection, address.toString(), peer, sealing, timeouts, within -> dialAgain(same, within));
        } catch (IOException e) {
            connection.cut();
            throw VmmigException.from(
                    e,
                    Problem.CONNECTION_LOST,
                    "the connection with " + address + " broke",
                    "Try again; if it happens again, look at the log of the other host.");
        }
        try {
            String name = "host " + address + " (fingerprint " + peer.fingerprint() + ")";
            wire.onClose(watch.guard(peer.fingerprint(), name, wire::fail)::close);
            return wire;
        } catch (RuntimeException | Error e) {
            wire.close();
            throw e;
        }
    }

    private TlsConnection dialAgain(Trust same, Duration within) throws VmmigException, PeerAbortedException {
        long deadline = System.nanoTime() + within.toNanos();
        Handshake handshake = Handshake.ofResumer(self, same, address.toString());
        try {
            return handshake.perform(address.connect(deadline), Dialer.left(deadline));
        } catch (VmmigException e) {
            if (handshake.knowsPeer() && e.problem() == Problem.PEER_UNTRUSTED) {
                throw new PeerAbortedException(e.failure());
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
