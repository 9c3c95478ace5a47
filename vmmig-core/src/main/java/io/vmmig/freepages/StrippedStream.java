// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.qemu.RamScanner;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** A migration stream whose records of free pages become records of zeros. Works in its buffer: it only ever gets shorter. */
final class StrippedStream extends InputStream {
    private static final int BUFFER = 1 << 20;
    private static final int FLAGS_BYTE = Long.BYTES - 1;
    /** What a kernel that checks free pages for changes fills them with; in sending these there is nothing to lose. */
    private static final long POISON = 0xaaaa_aaaa_aaaa_aaaaL;

    private final InputStream stream;
    private final FreePages pages;
    private final AtomicLong leftOut;
    private final RamScanner scanner = new RamScanner();
    private final Compaction compaction = new Compaction();
    private final byte[] buffer = new byte[BUFFER];
    /** From here to {@code ready} there is what was not read yet by the caller. */
    private int at;

    private int ready;
    /** From here to {@code filled} there is what the scanner has not told yet. */
    private int untold;

    private int filled;
    private boolean last;

    StrippedStream(InputStream stream, FreePages pages, AtomicLong leftOut) {
        this.stream = stream;
        this.pages = pages;
        this.leftOut = leftOut;
    }

    @Override
    public int read() throws IOException {
        return fill() ? buffer[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
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

    private boolean fill() throws IOException {
        while (at == ready && !last) {
            System.arraycopy(buffer, untold, buffer, 0, filled - untold);
            filled -= untold;
            int n = stream.read(buffer, filled, BUFFER - filled);
            last = n < 0;
            filled += Math.max(n, 0);
            at = 0;
            untold = scanner.scan(buffer, 0, filled, last, compaction);
            ready = compaction.finish();
        }
        return at < ready;
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }

    /** Moves what stays to the front of the buffer, in as long stretches as possible. */
    private final class Compaction implements RamScanner.Visitor {
        private int end;
        private int keptFrom;
        private int keptTo;
        private long left;

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
            if (pages.isFree(block, address) && (long) GuestRam.LONG.get(buffer, content) != POISON) {
                buffer[offset + FLAGS_BYTE] ^= RamScanner.PAGE ^ RamScanner.ZERO;
                buffer[content] = 0;
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
                System.arraycopy(buffer, keptFrom, buffer, end, length);
            }
            end += length;
        }

        int finish() {
            move();
            int result = end;
            leftOut.addAndGet(left);
            left = 0;
            end = 0;
            keptFrom = 0;
            keptTo = 0;
            return result;
        }
    }
}
