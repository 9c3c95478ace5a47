// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.crypto.NodeStore;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.time.Duration;

/**
 * Two hosts that do not know each other yet have shown each other their cards over the network.
 *
 * <pre>{@code
 * Introduction introduction = Introduction.with("node2.example", 16550)
 *     .as(HostIdentity.in(directory), "node1")
 *     .within(Duration.ofSeconds(10));
 * // Both hosts show it, and people compare.
 * show(introduction.code());
 * if (confirmed()) {
 *     nodes.add(introduction.theirs());
 * }
 * }</pre>
 *
 * <p>The other host has a {@link TlsListener} that is {@link TlsListener.Ready#introducing}, and does the same with the card of
 * this one. Nobody is trusted by having been introduced: an attacker between the two hosts can introduce themselves to both, and
 * then the codes differ, but for one attempt in a hundred million. That is what people compare, once. The card of a trusted host
 * that has renewed its keys needs no comparison: {@link NodeStore#renew} takes it. Immutable and thread-safe.
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
     * Begins with where the other host listens: a name or an address.
     *
     * @param port from 1 to 65535
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the port is another one, or the name is empty
     */
    public static Host with(String host, int port) throws VmmigException {
        return new Host(HostAddress.of(host, port));
    }

    /** An address; missing is who comes. */
    public static final class Host {
        private final HostAddress address;

        private Host(HostAddress address) {
            this.address = address;
        }

        /**
         * Goes on with who this host is.
         *
         * @param name what people call this host: 1 to 63 letters, digits, dots and hyphens, beginning with a letter or digit
         * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is anything else
         */
        public Guest as(HostIdentity self, String name) throws VmmigException {
            return new Guest(address, self, self.card(name));
        }
    }

    /** An address and who comes; missing is how long to wait. */
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
         * Shows the other host this one's card, and takes its.
         *
         * @param timeout for all of it; at least 100 ms
         * @throws VmmigException with {@link Problem#PEER_UNREACHABLE} when nobody listens there,
         *     {@link Problem#PEER_UNTRUSTED} when it takes no introductions, {@link Problem#PEER_FAILED} when it has too many,
         *     {@link Problem#NODE_CARD_INVALID} when its card or this one's is damaged or another host's,
         *     {@link Problem#PROTOCOL_MISMATCH} or {@link Problem#PROTOCOL_VIOLATION} when it is something else or another
         *     version of vmmig, {@link Problem#PEER_STALLED} or {@link Problem#CONNECTION_LOST} when it does not get that far
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

    /** What the other host has been shown. */
    public NodeCard ours() {
        return ours;
    }

    /** What the other host has shown: the keys are those of whoever has answered, and the name is what it calls itself. */
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
