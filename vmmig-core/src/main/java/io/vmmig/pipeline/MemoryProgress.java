// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.qemu.RamScanner;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.function.LongConsumer;

/**
 * Measures how much of a guest's memory has passed in QEMU's stream. A page of zeros takes nine bytes there, so counting bytes would show a
 * mostly empty guest as a third done at its end. In a stream of unknown form, bytes are counted.
 */
final class MemoryProgress extends FilterInputStream {
    /** Longer than any record. */
    private static final int STRADDLING = 8 << 10;

    private final LongConsumer moved;
    private final RamScanner scanner = new RamScanner();
    private final Count count = new Count();
    private byte[] unfinished = {};
    private long streamed;
    private long told;

    MemoryProgress(InputStream in, LongConsumer moved) {
        super(in);
        this.moved = moved;
    }

    private static final class Count implements RamScanner.Visitor {
        private long memory;

        @Override
        public void opaque(int offset, int length) {
            memory += length;
        }

        @Override
        public void page(int offset, int headerBytes, String block, long address) {
            memory += RamScanner.PAGE_BYTES;
        }

        @Override
        public void filled(int offset, int headerBytes, String block, long address) {
            memory += RamScanner.PAGE_BYTES;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int n = in.read(buffer, offset, length);
        if (n > 0) {
            streamed += n;
            scan(buffer, offset, offset + n);
            long now = Math.max(streamed, count.memory);
            if (now > told) {
                moved.accept(now - told);
                told = now;
            }
        }
        return n;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private void scan(byte[] buffer, int from, int to) {
        int at = from;
        if (unfinished.length > 0) {
            int before = unfinished.length;
            int more = Math.min(STRADDLING, to - from);
            byte[] joined = Arrays.copyOf(unfinished, before + more);
            System.arraycopy(buffer, from, joined, before, more);
            int next = scanner.scan(joined, 0, joined.length, false, count);
            if (next < before) {
                // The record's end has not arrived yet.
                unfinished = Arrays.copyOfRange(joined, next, joined.length);
                return;
            }
            at = from + next - before;
        }
        at = scanner.scan(buffer, at, to, false, count);
        unfinished = Arrays.copyOfRange(buffer, at, to);
    }
}
