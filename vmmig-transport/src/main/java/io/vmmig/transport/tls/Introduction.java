// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.crypto.NodeStore;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.time.Duration;

/**
 * An exchange of cards over the network between two hosts that do not know each other yet.
 *
 * <pre>{@code
 * Introduction introduction = Introduction.with("node2.example", 16550)
 *     .as(HostIdentity.in(directory), "node1")
 *     .within(Duration.ofSeconds(10));
 * // Show it at both hosts, and compare.
 * show(introduction.code());
 * if (confirmed()) {
 *     nodes.add(introduction.theirs());
 * }
 * }</pre>
 *
 * <p>The other host has a {@link TlsListener} that accepts {@link TlsListener.Ready#introducing introductions}, and does the same
 * with this host's card. An introduction alone establishes no trust: an attacker between the two hosts can introduce themselves
 * to both. Then the codes differ, except for one attempt in a hundred million; so people compare them once. The card of a trusted
 * host that has renewed its keys needs no comparison: {@link NodeStore#renew} accepts it. Immutable and thread-safe.
 */
public final class Introduction {
    private final NodeCard ours;
    private final NodeCard theirs;
    private final String code;

    Introduction(NodeCard ours, NodeCard theirs, String code) {
        this.ours = ours;
        this.theirs = theirs;
        this.code = code;
    }

    /**
     * Starts with the other host's name or address.
     *
     * @param port from 1 to 65535
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the port is another one, or the name is empty
     */
    public static Host with(String host, int port) throws VmmigException {
        return new Host(HostAddress.of(host, port));
    }

    /** Next step: this host's identity. */
    public static final class Host {
        private final HostAddress address;

        private Host(HostAddress address) {
            this.address = address;
        }

        /**
         * Sets this host's identity.
         *
         * @param name this host's name for people: 1 to 63 letters, digits, dots and hyphens, beginning with a letter or digit
         * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is anything else
         */
        public Guest as(HostIdentity self, String name) throws VmmigException {
            return new Guest(address, self, self.card(name));
        }
    }

    /** Last step: the timeout. */
    public static final class Guest {
        private final HostAddress address;
        private final HostIdentity self;
        private final NodeCard ours;

        private Guest(HostAddress address, HostIdentity self, NodeCard ours) {
            this.address = address;
            this.self = self;
            this.ours = ours;
        }

        /**
         * Exchanges cards with the other host.
         *
         * @param timeout for the whole exchange; at least 100 ms
         * @throws VmmigException with {@link Problem#PEER_UNREACHABLE} when nobody listens there, {@link Problem#PEER_UNTRUSTED}
         *     when it accepts no introductions, {@link Problem#PEER_FAILED} when it has too many, {@link
         *     Problem#NODE_CARD_INVALID} when its card or this one's is damaged or another host's, {@link
         *     Problem#PROTOCOL_MISMATCH} or {@link Problem#PROTOCOL_VIOLATION} when something else or another version of vmmig
         *     answers, {@link Problem#PEER_STALLED} or {@link Problem#CONNECTION_LOST} when the exchange stalls or breaks
         */
        public Introduction within(Duration timeout) throws VmmigException {
            if (timeout.toMillis() < 100) {
                throw new IllegalArgumentException("an introduction takes at least 100 ms");
            }
            long deadline = System.nanoTime() + timeout.toNanos();
            TlsConnection connection =
                    Dialer.dial(address, () -> Handshake.ofStranger(self, address.toString()), deadline);
            CardExchange exchange = new CardExchange(connection, address.toString(), self, ours);
            return exchange.within(Dialer.left(deadline), exchange::call);
        }
    }

    /** The card that the other host got. */
    public NodeCard ours() {
        return ours;
    }

    /** The card of the host that answered: its keys, and its own name for itself. */
    public NodeCard theirs() {
        return theirs;
    }

    /** Eight digits in two groups, such as {@code 0481 7730}: the same at the other host, unless an attacker is between the two. */
    public String code() {
        return code;
    }

    /** The code, and both cards as name and fingerprint. */
    @Override
    public String toString() {
        return "Introduction[" + code + ", ours " + ours + ", theirs " + theirs + "]";
    }
}
