// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * The end of a snapshot, held back from QEMU until the whole package is verified. QEMU itself verifies nothing, and ignores what follows
 * its own end mark, possibly the last hundred kilobytes, so more than that is held back.
 */
final class HeldBackEnd {
    private static final int SIZE = 1 << 20;

    private final byte[] ring = new byte[SIZE];
    private int filled;
    private int start;

    /** Copies all but the last mebibyte of what was read so far. */
    void copy(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[1 << 16];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            push(buffer, n, out);
        }
    }

    private void push(byte[] buffer, int n, OutputStream out) throws IOException {
        int surplus = Math.max(0, filled + n - SIZE);
        take(surplus, out);
        int at = (start + filled) % SIZE;
        int first = Math.min(n, SIZE - at);
        System.arraycopy(buffer, 0, ring, at, first);
        System.arraycopy(buffer, first, ring, 0, n - first);
        filled += n;
    }

    private void take(int count, OutputStream out) throws IOException {
        int first = Math.min(count, SIZE - start);
        out.write(ring, start, first);
        out.write(ring, 0, count - first);
        start = (start + count) % SIZE;
        filled -= count;
    }

    /** Writes the held-back bytes. */
    void writeTo(OutputStream out) throws IOException {
        take(filled, out);
    }
}
