// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;

/** Sends and receives the frames of a short exchange, one after the other. */
public final class ControlIo {
    private ControlIo() {}

    static void send(Connection connection, Frame frame) throws IOException {
        connection.output().write(frame.toBytes());
        connection.output().flush();
    }

    /** Ends the exchange with a reason. */
    public static void refuse(Connection connection, Failure reason) throws IOException {
        send(connection, new Frame(Kind.REFUSE, Messages.refuse(reason)));
    }

    /**
     * Waits until the peer ends the exchange.
     *
     * @throws PeerAbortedException when it refuses
     * @throws VmmigException with {@link io.vmmig.error.Problem#PROTOCOL_VIOLATION} when it sends anything else
     */
    public static void awaitEnd(Connection connection) throws IOException, VmmigException, PeerAbortedException {
        DataInputStream in = new DataInputStream(connection.input());
        int code = in.read();
        if (code >= 0) {
            receive(code, in, Kind.REFUSE);
        }
    }

    /** The payload of the next frame, which must be of this kind unless the peer refuses. */
    static byte[] receive(Connection connection, Kind expected)
            throws IOException, VmmigException, PeerAbortedException {
        DataInputStream in = new DataInputStream(connection.input());
        return receive(in.readUnsignedByte(), in, expected);
    }

    private static byte[] receive(int code, DataInputStream in, Kind expected)
            throws IOException, VmmigException, PeerAbortedException {
        Kind kind = Kind.of(code);
        if (kind != expected && kind != Kind.REFUSE) {
            throw WireErrors.violation("a frame of kind " + code + " instead of " + expected);
        }
        int length = in.readInt();
        if (length < 0 || length > kind.maxLength()) {
            throw WireErrors.violation(kind + " of " + Integer.toUnsignedString(length) + " bytes");
        }
        // Memory grows with what arrives, not with what is announced.
        byte[] payload = in.readNBytes(length);
        if (payload.length < length) {
            throw new EOFException("the peer closed it in the middle of a message");
        }
        if (kind == Kind.REFUSE) {
            throw new PeerAbortedException(Messages.readRefuse(payload));
        }
        return payload;
    }
}
