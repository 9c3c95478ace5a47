// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/** The bytes of a package, gathered into frames. */
final class DataOutput extends OutputStream {
    private static final int FRAME_BYTES = Frame.DATA_FRAME_BYTES;

    private final Link link;
    private final Runnable permission;
    private byte[] frame = new byte[FRAME_BYTES];
    private int filled = Frame.HEADER_BYTES;
    private long total;

    /**
     * A stream that sends over {@code link}.
     *
     * @param permission throws when nothing may be written now
     */
    DataOutput(Link link, Runnable permission) {
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
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void flush() throws IOException {
        if (filled > Frame.HEADER_BYTES) {
            send();
        }
    }

    /** Sends what is left; the session goes on. */
    @Override
    public void close() throws IOException {
        flush();
    }

    private void send() throws IOException {
        try {
            if (filled < FRAME_BYTES / 2) {
                // What is kept until it has arrived is not to be mostly air.
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
