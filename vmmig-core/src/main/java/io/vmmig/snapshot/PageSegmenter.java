// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import io.vmmig.qemu.RamScanner;
import io.vmmig.sparse.SparseInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Splits the page contents of one package into segments, in order, and finds pages that equal earlier ones. For one thread. */
public final class PageSegmenter {
    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;
    /** Data is hashed while it is still in the processor's cache. */
    private static final int CHUNK_BYTES = 256 << 10;

    private final PageWindow window = new PageWindow();
    private final Records records = new Records();
    private long positions;

    /** For a disk image, whose pages are consecutive. */
    public Segmenter disk() {
        return (segment, in) -> {
            Layout layout = segment.layout();
            layout.begin(positions);
            byte[] buffer = segment.decoded();
            int zeros = (int) skipZeros(in, buffer.length);
            if (zeros == buffer.length) {
                layout.filled(Layout.NO_RECORD, zeros / PAGE_BYTES, 0);
                positions = layout.position();
                segment.zeros(zeros);
                return true;
            }
            Arrays.fill(buffer, 0, zeros, (byte) 0);
            int length = zeros + in.readNBytes(buffer, zeros, buffer.length - zeros);
            int offset = 0;
            for (; length - offset >= PAGE_BYTES; offset += PAGE_BYTES) {
                page(layout, Layout.NO_RECORD, buffer, offset, layout.position());
            }
            if (offset < length) {
                layout.opaque(length - offset);
            }
            positions = layout.position();
            segment.decodedLength(length);
            return length == buffer.length;
        };
    }

    private static long skipZeros(InputStream in, long most) throws IOException {
        long total = 0;
        long some = -1;
        while (some != 0 && total < most) {
            some = SparseInputStream.skipZeros(in, most - total);
            total += some;
        }
        return total;
    }

    /** For the part of QEMU's migration stream that is sent while the guest runs. A record that it cuts goes to {@link #snapshot()}. */
    public Segmenter precopy() {
        return (segment, in) -> records.fill(segment, in, false);
    }

    /** For QEMU's migration stream, or its rest. */
    public Segmenter snapshot() {
        return (segment, in) -> records.fill(segment, in, true);
    }

    /** Returns its buffers for reuse, after everything has been split. */
    public void dissolve() {
        window.dissolve();
    }

    /** @param position the number that the page is expected to have in an earlier package */
    private void page(Layout layout, long recordAddress, byte[] buffer, int offset, long position) {
        if (isFilled(buffer, offset)) {
            layout.filled(recordAddress, 1, buffer[offset] & 0xff);
        } else {
            long hash = PageHash.of(buffer, offset);
            layout.page(recordAddress, offset, hash, window.add(buffer, offset, hash), position);
        }
    }

    /** Whether the page at an offset consists of one repeated byte. */
    public static boolean isFilled(byte[] buffer, int offset) {
        // Bytes that equal themselves shifted by one are all the same; the JVM compares many at a time.
        return Arrays.equals(buffer, offset, offset + PAGE_BYTES - 1, buffer, offset + 1, offset + PAGE_BYTES);
    }

    private final class Records implements RamScanner.Visitor {
        private static final int PLAIN_HEADER_BYTES = Long.BYTES;
        /** Small, so that the other end gets the start of the snapshot early, but larger than any record. */
        private static final int FIRST_SEGMENT_BYTES = 64 << 10;

        private final RamScanner scanner = new RamScanner();
        private byte[] left = new byte[0];
        private byte[] buffer = left;
        private Layout layout = new Layout();
        private boolean first = true;
        /** For each RAM block, the number that its page at address 0 has, or would have. */
        private final Map<String, Long> origins = new HashMap<>();

        private String latest = "";
        private long origin;

        /** @param all whether the stream ends with {@code in} */
        boolean fill(Segment segment, InputStream in, boolean all) throws IOException {
            buffer = segment.decoded();
            layout = segment.layout();
            layout.begin(positions);
            int capacity = first ? Math.min(FIRST_SEGMENT_BYTES, buffer.length) : buffer.length;
            first = false;
            System.arraycopy(left, 0, buffer, 0, left.length);
            int length = left.length;
            int scanned = 0;
            boolean last = false;
            while (length < capacity && !last) {
                int wanted = Math.min(CHUNK_BYTES, capacity - length);
                int read = in.readNBytes(buffer, length, wanted);
                last = read < wanted;
                length += read;
                scanned = scanner.scan(buffer, scanned, length, last && all, this);
            }
            left = Arrays.copyOfRange(buffer, scanned, length);
            positions = layout.position();
            segment.decodedLength(scanned);
            return !last;
        }

        @Override
        public void opaque(int offset, int length) {
            layout.opaque(length);
        }

        @Override
        public void page(int offset, int headerBytes, String block, long address) {
            boolean inRecord = headerBytes == PLAIN_HEADER_BYTES && layout.describesRecords();
            if (!inRecord) {
                layout.opaque(headerBytes);
            }
            PageSegmenter.this.page(
                    layout,
                    inRecord ? address : Layout.NO_RECORD,
                    buffer,
                    offset + headerBytes,
                    origin(block, address) + address / PAGE_BYTES);
        }

        /** A page that is sent again has the number that it had at first: pages of a block come in the order of their addresses then. */
        private long origin(String block, long address) {
            if (!block.equals(latest)) {
                latest = block;
                origin = origins.computeIfAbsent(block, any -> layout.position() - address / PAGE_BYTES);
            }
            return origin;
        }

        @Override
        public void filled(int offset, int headerBytes, String block, long address) {
            boolean described =
                    headerBytes == PLAIN_HEADER_BYTES && buffer[offset + headerBytes] == 0 && layout.describesRecords();
            if (described) {
                origin(block, address);
                layout.zeroRecord(address);
            } else {
                layout.opaque(headerBytes + 1);
            }
        }
    }
}
