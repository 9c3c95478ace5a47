// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.crypto.NodeCard;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.wire.proto.Wire;
import java.io.IOException;

/** The frames of an introduction: a commitment, two node cards with challenges, and proofs. */
public final class Cards {
    private Cards() {}

    /**
     * A card, and what comes with it.
     *
     * @param card the card
     * @param challenge what the other end's proof is to answer
     * @param proof that its host holds its secrets; empty from the host that listens, whose proof comes last
     */
    public record Shown(NodeCard card, byte[] challenge, byte[] proof) {}

    /** Commits to a card and a challenge. */
    public static void commit(Connection connection, byte[] commitment) throws IOException {
        send(connection, Messages.commitment(commitment));
    }

    /**
     * Waits for the peer's commitment.
     *
     * @throws PeerGaveUp when it refuses instead
     * @throws VmmigException with {@link io.vmmig.error.Problem#PROTOCOL_VIOLATION} when it sends anything else
     */
    public static byte[] receiveCommitment(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        return Messages.readCommitment(Talk.receive(connection, Kind.CARD));
    }

    /** Shows a card. */
    public static void show(Connection connection, Shown shown) throws IOException {
        send(connection, Messages.card(shown));
    }

    /**
     * Waits for the peer's card.
     *
     * @throws PeerGaveUp when it refuses instead
     * @throws VmmigException with {@link io.vmmig.error.Problem#PROTOCOL_VIOLATION} or
     *     {@link io.vmmig.error.Problem#NODE_CARD_INVALID} when it sends anything else
     */
    public static Shown see(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        return Messages.readCard(Talk.receive(connection, Kind.CARD));
    }

    /** Proves that this host holds its secrets, as the last word. */
    public static void prove(Connection connection, byte[] proof) throws IOException {
        send(connection, Messages.proof(proof));
    }

    /**
     * Waits for the peer's proof; what is in it is for the caller to check.
     *
     * @throws PeerGaveUp when it refuses instead
     * @throws VmmigException with {@link io.vmmig.error.Problem#PROTOCOL_VIOLATION} when it sends anything else
     */
    public static byte[] receiveProof(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        return Messages.readProof(Talk.receive(connection, Kind.CARD));
    }

    private static void send(Connection connection, Wire.Card message) throws IOException {
        Talk.send(connection, new Frame(Kind.CARD, message.toByteArray()));
    }
}
