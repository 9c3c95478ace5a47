// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.qemu.RamScanner;
import io.vmmig.sparse.BlockInput;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** A migration stream whose free pages become zero pages. Works in place, since the stream only gets shorter. */
final class StrippedStream extends BlockInput {
    private static final int BUFFER = 1 << 20;
    /** With less room there might not be enough for a record. */
    private static final int LEAST_ROOM = 64 << 10;

    private static final int FLAGS_BYTE = Long.BYTES - 1;
    /** The fill pattern of a kernel that checks free pages for changes; such pages cost almost nothing to send. */
    private static final long POISON = 0xaaaa_aaaa_aaaa_aaaaL;

    private final InputStream stream;
    private final FreePages pages;
    private final AtomicLong leftOut;
    private final RamScanner scanner = new RamScanner();
    /** Bytes of an incomplete record. */
    private byte[] untold = new byte[0];

    private boolean last;
    /** For callers with little room. */
    private byte[] buffer = untold;

    private int at;
    private int ready;

    StrippedStream(InputStream stream, FreePages pages, AtomicLong leftOut) {
        this.stream = stream;
        this.pages = pages;
        this.leftOut = leftOut;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (at == ready) {
            if (length >= LEAST_ROOM + untold.length) {
                return fill(target, offset, length);
            }
            buffer = buffer.length == 0 ? new byte[BUFFER] : buffer;
            at = 0;
            ready = Math.max(0, fill(buffer, 0, BUFFER));
            if (ready == 0) {
                return -1;
            }
        }
        int n = Math.min(length, ready - at);
        System.arraycopy(buffer, at, target, offset, n);
        at += n;
        return n;
    }

    @Override
    public int available() {
        return ready - at;
    }

    /** Reads at least a byte, or -1 at the end. */
    private int fill(byte[] target, int offset, int length) throws IOException {
        while (!last) {
            System.arraycopy(untold, 0, target, offset, untold.length);
            int from = offset + untold.length;
            int n = stream.read(target, from, length - untold.length);
            last = n < 0;
            int end = from + Math.max(n, 0);
            Compaction compaction = new Compaction(target, offset);
            int told = scanner.scan(target, offset, end, last, compaction);
            untold = Arrays.copyOfRange(target, told, end);
            int stripped = compaction.finish() - offset;
            if (stripped > 0) {
                return stripped;
            }
        }
        return -1;
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }

    /** Moves remaining data to the front, in runs as long as possible. */
    private final class Compaction implements RamScanner.Visitor {
        private final byte[] bytes;
        private int end;
        private int keptFrom;
        private int keptTo;
        private long left;

        Compaction(byte[] bytes, int start) {
            this.bytes = bytes;
            end = start;
            keptFrom = start;
            keptTo = start;
        }

        @Override
        public void opaque(int offset, int length) {
            keptTo = offset + length;
        }

        @Override
        public void filled(int offset, int headerBytes, String block, long address) {
            keptTo = offset + headerBytes + 1;
        }

        @Override
        public void page(int offset, int headerBytes, String block, long address) {
            int content = offset + headerBytes;
            if (pages.isFree(block, address) && (long) GuestRam.LONG.get(bytes, content) != POISON) {
                bytes[offset + FLAGS_BYTE] ^= RamScanner.PAGE ^ RamScanner.ZERO;
                bytes[content] = 0;
                keptTo = content + 1;
                move();
                left++;
                keptFrom = content + RamScanner.PAGE_BYTES;
            }
            keptTo = content + RamScanner.PAGE_BYTES;
        }

        private void move() {
            int length = keptTo - keptFrom;
            if (keptFrom != end) {
                System.arraycopy(bytes, keptFrom, bytes, end, length);
            }
            end += length;
        }

        /** The end of the remaining data. */
        int finish() {
            move();
            leftOut.addAndGet(left);
            return end;
        }
    }
}
