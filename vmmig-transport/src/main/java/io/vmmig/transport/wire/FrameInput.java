// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockInput;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;

/**
 * Reads the frames of a channel, each complete, across connections, without the frames that only the channel itself needs. For
 * one thread.
 */
final class FrameInput extends BlockInput {
    private final ResumableChannel channel;
    /** Of the current frame. */
    private final byte[] header = new byte[Frame.HEADER_BYTES];

    private int headerCame;
    private int headerRead;
    private long payloadLeft;

    FrameInput(ResumableChannel channel) {
        this.channel = channel;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (headerRead == header.length && payloadLeft == 0) {
            headerCame = 0;
            headerRead = 0;
        }
        if (headerCame < header.length && !takeHeader()) {
            return -1;
        }
        if (headerRead < header.length) {
            int n = Math.min(length, header.length - headerRead);
            System.arraycopy(header, headerRead, target, offset, n);
            headerRead += n;
            return n;
        }
        int n = take(target, offset, (int) Math.min(length, payloadLeft));
        payloadLeft -= Math.max(n, 0);
        return n;
    }

    /** False at the end. */
    private boolean takeHeader() throws IOException {
        while (headerCame < header.length) {
            if (headerCame == 0 && channel.isResumable()) {
                if (!takeKind()) {
                    return false;
                }
            } else {
                int n = take(header, headerCame, header.length - headerCame);
                if (n < 0) {
                    return false;
                }
                headerCame += n;
            }
        }
        payloadLeft = (header[1] & 0xffL) << 24 | (header[2] & 0xff) << 16 | (header[3] & 0xff) << 8 | header[4] & 0xff;
        return true;
    }

    /** Skips frames that do not count, then reads the first byte of one that does; false at the end. */
    private boolean takeKind() throws IOException {
        while (true) {
            Connection from = channel.connection();
            try {
                int code = from.input().read();
                if (code == Kind.HEARTBEAT.code() || code == Kind.ACK.code()) {
                    takeAside(code == Kind.ACK.code() ? Kind.ACK : Kind.HEARTBEAT, from);
                } else if (channel.took(from, code < 0 ? 0 : 1)) {
                    header[0] = (byte) code;
                    headerCame = code < 0 ? 0 : 1;
                    return code >= 0;
                }
            } catch (VmmigException e) {
                throw new IOException(e.getMessage(), e);
            } catch (IOException e) {
                channel.broken(from, e);
            }
        }
    }

    private void takeAside(Kind kind, Connection from) throws IOException, VmmigException {
        DataInputStream in = new DataInputStream(from.input());
        int length = in.readInt();
        if (length < 0 || length > kind.maxLength()) {
            throw WireErrors.violation(kind + " of " + Integer.toUnsignedString(length) + " bytes");
        }
        byte[] payload = from.input().readNBytes(length);
        if (payload.length < length) {
            throw new EOFException("the peer closed it in the middle of a message");
        }
        if (kind == Kind.ACK) {
            channel.acknowledged(from, Messages.readAck(payload));
        }
    }

    /** Reads at least one byte, from whatever connection there is; -1 at the end. */
    private int take(byte[] target, int offset, int length) throws IOException {
        while (true) {
            Connection from = channel.connection();
            try {
                int n = from.input().read(target, offset, length);
                // Bytes that arrive late over an abandoned connection are sent again over the next one.
                if (channel.took(from, Math.max(n, 0))) {
                    return n;
                }
            } catch (IOException e) {
                channel.broken(from, e);
            }
        }
    }
}
