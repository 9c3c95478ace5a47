// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.VmmigException;
import io.vmmig.crypto.NodeCard;
import java.io.IOException;

/** The frames of an introduction: node cards. */
public final class Cards {
    private Cards() {}

    /** Shows a card. */
    public static void send(Connection connection, NodeCard card) throws IOException {
        Talk.send(connection, new Frame(Kind.CARD, Messages.card(card)));
    }

    /**
     * Waits for the peer's card.
     *
     * @throws PeerGaveUp when it refuses instead
     * @throws VmmigException with {@link io.vmmig.Problem#PROTOCOL_VIOLATION} or
     *     {@link io.vmmig.Problem#NODE_CARD_INVALID} when it sends anything else
     */
    public static NodeCard receive(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        return Messages.readCard(Talk.receive(connection, Kind.CARD));
    }
}
