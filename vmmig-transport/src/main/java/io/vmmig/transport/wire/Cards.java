// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.Failure;
import io.vmmig.VmmigException;
import io.vmmig.crypto.NodeCard;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;

/** The frames of an introduction: node cards, and a refusal. */
public final class Cards {
    private Cards() {}

    /** Shows a card. */
    public static void send(Connection connection, NodeCard card) throws IOException {
        send(connection, new Frame(Kind.CARD, Messages.card(card)));
    }

    /** Says why there will be no introduction. */
    public static void refuse(Connection connection, Failure reason) throws IOException {
        send(connection, new Frame(Kind.REFUSE, Messages.refuse(reason)));
    }

    private static void send(Connection connection, Frame frame) throws IOException {
        connection.output().write(frame.toBytes());
        connection.output().flush();
    }

    /**
     * Waits for the peer's card.
     *
     * @throws PeerGaveUp when it refuses instead
     * @throws VmmigException with {@link io.vmmig.Problem#PROTOCOL_VIOLATION} or
     *     {@link io.vmmig.Problem#NODE_CARD_INVALID} when it sends anything else
     */
    public static NodeCard receive(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        DataInputStream in = new DataInputStream(connection.input());
        return receive(in.readUnsignedByte(), in);
    }

    /**
     * Waits until the peer, which has seen our card, says no more.
     *
     * @throws PeerGaveUp when it refuses what it has seen
     * @throws VmmigException with {@link io.vmmig.Problem#PROTOCOL_VIOLATION} when it says anything else
     */
    public static void awaitEnd(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        DataInputStream in = new DataInputStream(connection.input());
        int code = in.read();
        if (code >= 0) {
            receive(code, in);
            throw Faults.violation("a second card");
        }
    }

    private static NodeCard receive(int code, DataInputStream in) throws IOException, VmmigException, PeerGaveUp {
        Kind kind = Kind.of(code);
        if (kind != Kind.CARD && kind != Kind.REFUSE) {
            throw Faults.violation("a frame of kind " + code + " in an introduction");
        }
        int length = in.readInt();
        if (length < 0 || length > kind.maxLength()) {
            throw Faults.violation(kind + " of " + Integer.toUnsignedString(length) + " bytes");
        }
        // Grows with what arrives, not with what is announced.
        byte[] payload = in.readNBytes(length);
        if (payload.length < length) {
            throw new EOFException("the peer closed it in the middle of a message");
        }
        if (kind == Kind.REFUSE) {
            throw new PeerGaveUp(Messages.readRefuse(payload));
        }
        return Messages.readCard(payload);
    }
}
