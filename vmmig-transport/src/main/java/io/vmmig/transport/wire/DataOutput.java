// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockOutput;
import java.io.IOException;
import java.util.Arrays;

/** Sends the bytes of a package in frames. */
final class DataOutput extends BlockOutput {
    private static final int FRAME_BYTES = Frame.DATA_FRAME_BYTES;

    private final FramedConnection link;
    private final Runnable permission;
    private byte[] frame = new byte[FRAME_BYTES];
    private int filled = Frame.HEADER_BYTES;
    private long total;

    /**
     * A stream that sends over {@code link}.
     *
     * @param permission throws if nothing may be written now
     */
    DataOutput(FramedConnection link, Runnable permission) {
        this.link = link;
        this.permission = permission;
    }

    /** How many bytes have been written. */
    long total() {
        return total;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        permission.run();
        int from = offset;
        int left = length;
        while (left > 0) {
            int n = Math.min(left, FRAME_BYTES - filled);
            System.arraycopy(bytes, from, frame, filled, n);
            filled += n;
            from += n;
            left -= n;
            if (filled == FRAME_BYTES) {
                send();
            }
        }
        total += length;
    }

    @Override
    public void flush() throws IOException {
        if (filled > Frame.HEADER_BYTES) {
            send();
        }
    }

    /** Sends the remaining bytes; the session continues. */
    @Override
    public void close() throws IOException {
        flush();
    }

    private void send() throws IOException {
        try {
            if (filled < FRAME_BYTES / 2) {
                // Retransmit buffers should not be mostly empty.
                link.sendData(Arrays.copyOf(frame, filled), filled);
            } else {
                link.sendData(frame, filled);
                frame = link.spareFrame();
            }
            filled = Frame.HEADER_BYTES;
        } catch (VmmigException e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
