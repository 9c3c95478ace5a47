// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.IntegrityException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.crypto.NodeCard;
import io.vmmig.transport.wire.Cards;
import io.vmmig.transport.wire.PeerGaveUp;
import io.vmmig.transport.wire.Talk;
import java.io.IOException;
import java.time.Duration;

/** Two hosts show each other their cards. */
final class CardExchange {
    private final TlsConnection connection;
    private final String peer;

    CardExchange(TlsConnection connection, String peer) {
        this.connection = connection;
        this.peer = peer;
    }

    /** Does the steps within {@code timeout}; see {@link ShortTalk#within}. */
    NodeCard within(Duration timeout, ShortTalk.Steps<NodeCard> steps) throws VmmigException {
        return new ShortTalk(connection, peer, "introduction").within(timeout, steps);
    }

    void show(NodeCard ours) throws IOException {
        Cards.send(connection, ours);
    }

    /** Only of the host at the other end: a card is no secret, so anybody could show another host's. */
    NodeCard see() throws IOException, VmmigException, PeerGaveUp {
        NodeCard theirs = Cards.receive(connection);
        if (!theirs.keys().equals(connection.peer())) {
            throw new IntegrityException(
                    Problem.NODE_CARD_INVALID,
                    peer + " has shown the card of another host, with the fingerprint "
                            + theirs.keys().fingerprint() + "; its own fingerprint is "
                            + connection.peer().fingerprint(),
                    "Find out who is between the two hosts; until then, hand the cards over as files.");
        }
        return theirs;
    }

    void awaitEnd() throws IOException, VmmigException, PeerGaveUp {
        Talk.awaitEnd(connection);
    }
}
