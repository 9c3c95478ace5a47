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
     * A card with its challenge and proof.
     *
     * @param card the card
     * @param challenge what the peer's proof must answer
     * @param proof shows that its host holds the secrets; empty from the listening host, whose proof comes last
     */
    public record Shown(NodeCard card, byte[] challenge, byte[] proof) {}

    /** Commits to a card and a challenge. */
    public static void commit(Connection connection, byte[] commitment) throws IOException {
        send(connection, Messages.commitment(commitment));
    }

    /**
     * Waits for the peer's commitment.
     *
     * @throws PeerAbortedException when it refuses instead
     * @throws VmmigException with {@link io.vmmig.error.Problem#PROTOCOL_VIOLATION} when it sends anything else
     */
    public static byte[] receiveCommitment(Connection connection)
            throws IOException, VmmigException, PeerAbortedException {
        return Messages.readCommitment(ControlIo.receive(connection, Kind.CARD));
    }

    /** Shows a card. */
    public static void show(Connection connection, Shown shown) throws IOException {
        send(connection, Messages.card(shown));
    }

    /**
     * Waits for the peer's card.
     *
     * @throws PeerAbortedException when it refuses instead
     * @throws VmmigException with {@link io.vmmig.error.Problem#PROTOCOL_VIOLATION} or
     *     {@link io.vmmig.error.Problem#NODE_CARD_INVALID} when it sends anything else
     */
    public static Shown see(Connection connection) throws IOException, VmmigException, PeerAbortedException {
        return Messages.readCard(ControlIo.receive(connection, Kind.CARD));
    }

    /** Sends the last frame, the proof that this host holds its secrets. */
    public static void prove(Connection connection, byte[] proof) throws IOException {
        send(connection, Messages.proof(proof));
    }

    /**
     * Waits for the peer's proof; the caller checks it.
     *
     * @throws PeerAbortedException when it refuses instead
     * @throws VmmigException with {@link io.vmmig.error.Problem#PROTOCOL_VIOLATION} when it sends anything else
     */
    public static byte[] receiveProof(Connection connection) throws IOException, VmmigException, PeerAbortedException {
        return Messages.readProof(ControlIo.receive(connection, Kind.CARD));
    }

    private static void send(Connection connection, Wire.Card message) throws IOException {
        ControlIo.send(connection, new Frame(Kind.CARD, message.toByteArray()));
    }
}
