// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;

/** A talk of a few frames, one after the other, with nothing beside them. */
public final class Talk {
    private Talk() {}

    static void send(Connection connection, Frame frame) throws IOException {
        connection.output().write(frame.toBytes());
        connection.output().flush();
    }

    /** Says why this is the end of it. */
    public static void refuse(Connection connection, Failure reason) throws IOException {
        send(connection, new Frame(Kind.REFUSE, Messages.refuse(reason)));
    }

    /**
     * Waits until the peer says no more.
     *
     * @throws PeerGaveUp when it refuses what it has heard
     * @throws VmmigException with {@link io.vmmig.error.Problem#PROTOCOL_VIOLATION} when it says anything else
     */
    public static void awaitEnd(Connection connection) throws IOException, VmmigException, PeerGaveUp {
        DataInputStream in = new DataInputStream(connection.input());
        int code = in.read();
        if (code >= 0) {
            receive(code, in, Kind.REFUSE);
        }
    }

    /** The payload of the next frame, which has to be of this kind, unless the peer refuses. */
    static byte[] receive(Connection connection, Kind expected) throws IOException, VmmigException, PeerGaveUp {
        DataInputStream in = new DataInputStream(connection.input());
        return receive(in.readUnsignedByte(), in, expected);
    }

    private static byte[] receive(int code, DataInputStream in, Kind expected)
            throws IOException, VmmigException, PeerGaveUp {
        Kind kind = Kind.of(code);
        if (kind != expected && kind != Kind.REFUSE) {
            throw Faults.violation("a frame of kind " + code + " in place of " + expected);
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
        return payload;
    }
}
