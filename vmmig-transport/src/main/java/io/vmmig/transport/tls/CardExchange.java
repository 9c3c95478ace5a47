// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.Acquaintance;
import io.vmmig.crypto.Acquaintance.Challenge;
import io.vmmig.crypto.Acquaintance.End;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.wire.Cards;
import io.vmmig.transport.wire.Cards.Shown;
import io.vmmig.transport.wire.ControlIo;
import io.vmmig.transport.wire.PeerAbortedException;
import java.io.IOException;
import java.time.Duration;

/** Two hosts exchange their cards so that people only need to compare a short code. */
final class CardExchange {
    private static final byte[] LATER = {};

    private final TlsConnection connection;
    private final String peer;
    private final HostIdentity self;
    private final NodeCard ours;
    private final Challenge challenge = new Challenge();

    CardExchange(TlsConnection connection, String peer, HostIdentity self, NodeCard ours) {
        this.connection = connection;
        this.peer = peer;
        this.self = self;
        this.ours = ours;
    }

    /** Runs the steps within {@code timeout}; see {@link ControlExchange#within}. */
    <T> T within(Duration timeout, ControlExchange.Steps<T> steps) throws VmmigException {
        return new ControlExchange(connection, peer, "introduction").within(timeout, steps);
    }

    /** The part of the calling host. It commits itself first, so that it cannot choose the code. */
    Introduction call() throws IOException, VmmigException, PeerAbortedException {
        Cards.commit(connection, Acquaintance.commitment(ours, challenge.shown()));
        Shown theirs = see();
        Acquaintance met = new Acquaintance(ours, challenge.shown(), theirs.card(), theirs.challenge());
        Cards.show(connection, new Shown(ours, challenge.shown(), met.proof(End.CALLER, self)));
        met.requireProof(End.LISTENER, Cards.receiveProof(connection), challenge);
        return new Introduction(ours, theirs.card(), met.code());
    }

    /** The part of the listening host. It shows its challenge before it knows the caller's, so that it cannot choose the code. */
    Introduction answer() throws IOException, VmmigException, PeerAbortedException {
        byte[] commitment = Cards.receiveCommitment(connection);
        Cards.show(connection, new Shown(ours, challenge.shown(), LATER));
        Shown theirs = see();
        Acquaintance met = new Acquaintance(theirs.card(), theirs.challenge(), ours, challenge.shown());
        met.requireCommitted(commitment);
        met.requireProof(End.CALLER, theirs.proof(), challenge);
        Cards.prove(connection, met.proof(End.LISTENER, self));
        ControlIo.awaitEnd(connection);
        return new Introduction(ours, theirs.card(), met.code());
    }

    /** The card must be the peer's own: cards are not secret, so anyone could show another host's. */
    private Shown see() throws IOException, VmmigException, PeerAbortedException {
        Shown theirs = Cards.see(connection);
        if (!theirs.card().keys().equals(connection.peer())) {
            throw new IntegrityException(
                    Problem.NODE_CARD_INVALID,
                    peer + " has shown the card of another host, with the fingerprint "
                            + theirs.card().keys().fingerprint() + "; its own fingerprint is "
                            + connection.peer().fingerprint(),
                    "Find out who is between the two hosts; until then, exchange the cards as files.");
        }
        return theirs;
    }
}
