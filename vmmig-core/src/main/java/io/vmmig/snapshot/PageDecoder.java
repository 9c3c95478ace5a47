// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.ZstdDecompressCtx;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import io.vmmig.qemu.RamScanner;
import java.io.Closeable;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Rebuilds segments from the instructions of a {@link PageEncoder}, which are untrusted. */
public final class PageDecoder implements SegmentDecoder {
    private static final VarHandle HEADER = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;
    private static final int PAGE_RECORD = RamScanner.PAGE | RamScanner.CONTINUE;
    private static final int ZERO_RECORD = RamScanner.ZERO | RamScanner.CONTINUE;

    private final List<Reference> references;
    private final PageTally tally;
    private final PageRing ring;
    private final NativeContexts<Workbench> workbenches;

    /**
     * A decoder for one content.
     *
     * @param references the package's references, in its order
     * @param ring the latest content pages of the package, including those of earlier contents
     */
    public PageDecoder(List<Reference> references, PageTally tally, PageRing ring, int segmentBytes) {
        this.ring = ring;
        this.references = List.copyOf(references);
        this.tally = tally;
        this.workbenches = new NativeContexts<>(() -> new Workbench(this.references, segmentBytes));
    }

    /** The buffers and native context that one thread needs to decode. */
    private static final class Workbench implements Closeable {
        private final ZstdDecompressCtx context = new ZstdDecompressCtx();
        private final List<ReadAhead> references;
        private final byte[] body;

        Workbench(List<Reference> references, int segmentBytes) {
            this.references = ReadAhead.of(references);
            this.body = SpareArrays.take(Segments.bodyBytes(segmentBytes));
        }

        @Override
        public void close() {
            context.close();
            SpareArrays.give(body);
        }
    }

    @Override
    public void decode(Segment segment) throws VmmigException {
        workbenches.with((Workbench bench) -> {
            int length = Frames.decompress(bench.context, segment.stored(), segment.storedLength(), bench.body);
            new Decoding(segment, bench, length).run();
        });
    }

    @Override
    public void complete(Segment segment) throws PackageFormatException {
        ContentPages pages = segment.pages();
        for (int i = 0; i < pages.count(); i++) {
            int twin = pages.twin(i);
            if (twin != 0) {
                if (!ring.holds(twin)) {
                    throw Frames.malformed("a segment repeats a page that is not there");
                }
                ring.copy(twin, segment.decoded(), pages.offset(i));
            }
            ring.add(segment.decoded(), pages.offset(i));
        }
    }

    @Override
    public void close() {
        workbenches.close();
    }

    /** The decoding of one segment. */
    private final class Decoding implements InstructionReader.Visitor<VmmigException> {
        private final Segment segment;
        private final List<ReadAhead> ahead;
        private final byte[] decoded;
        private final byte[] body;
        private final int bodyEnd;
        private int offset;
        private long address;
        /** The number of leading zeros that are not written yet, possibly the whole segment. */
        private int zeros;

        Decoding(Segment segment, Workbench bench, int bodyLength) {
            this.segment = segment;
            this.ahead = bench.references;
            this.decoded = segment.decoded();
            this.body = bench.body;
            this.bodyEnd = bodyLength;
        }

        void run() throws VmmigException {
            segment.pages().clear();
            int dataEnd = new InstructionReader(body, bodyEnd, bodyEnd, decoded.length, references.size()).accept(this);
            if (dataEnd != bodyEnd) {
                throw Frames.malformed("a segment has data that its instructions do not use");
            }
            if (zeros > 0) {
                segment.zeros(zeros);
            } else {
                segment.decodedLength(offset);
            }
        }

        private void writeZeros() {
            if (zeros > 0) {
                Arrays.fill(decoded, 0, zeros, (byte) 0);
                zeros = 0;
            }
        }

        @Override
        public void opaque(int bytes, int data) {
            writeZeros();
            System.arraycopy(body, data, decoded, offset, bytes);
            offset += bytes;
        }

        @Override
        public void address(long next) {
            writeZeros();
            address = next;
        }

        private void header(int op) {
            if (Op.headerBytes(op) > 0) {
                putHeader(PAGE_RECORD);
            }
        }

        private void putHeader(int flags) {
            HEADER.set(decoded, offset, address | flags);
            offset += Long.BYTES;
            address += PAGE_BYTES;
        }

        @Override
        public void zeroRecords(int count) {
            writeZeros();
            for (int i = 0; i < count; i++) {
                putHeader(ZERO_RECORD);
                decoded[offset++] = 0;
            }
            tally.add(Op.ZERO_RECORDS, count);
        }

        @Override
        public void fill(int op, int pages, int value) {
            tally.add(Op.FILL, pages);
            if (op == Op.FILL && value == 0 && zeros == offset) {
                offset += pages * PAGE_BYTES;
                zeros = offset;
                return;
            }
            writeZeros();
            for (int i = 0; i < pages; i++) {
                header(op);
                Arrays.fill(decoded, offset, offset + PAGE_BYTES, (byte) value);
                offset += PAGE_BYTES;
            }
        }

        @Override
        public void literal(int op, int pages, int data) {
            begin(Op.LITERAL, pages);
            for (int i = 0; i < pages; i++) {
                header(op);
                System.arraycopy(body, data + i * PAGE_BYTES, decoded, offset, PAGE_BYTES);
                content(0);
            }
        }

        private void begin(int kind, int pages) {
            writeZeros();
            tally.add(kind, pages);
        }

        private void content(int twin) {
            segment.pages().add(offset, twin);
            offset += PAGE_BYTES;
        }

        @Override
        public void same(int op, int pages, int distance) {
            begin(Op.SAME, pages);
            for (int i = 0; i < pages; i++) {
                header(op);
                content(distance);
            }
        }

        @Override
        public void refer(int op, int pages, int reference, long first) throws VmmigException {
            begin(Op.REFERENCE, pages);
            requirePages(reference, first, pages);
            tally.addReferenced(reference, pages);
            for (int i = 0; i < pages; i++) {
                header(op);
                read(reference, first + i);
                content(0);
            }
        }

        @Override
        public void change(int op, int pages, int reference, long first, int data) throws VmmigException {
            begin(Op.DELTA, pages);
            requirePages(reference, first, pages);
            for (int i = 0; i < pages; i++) {
                header(op);
                read(reference, first + i);
                Deltas.apply(body, data + i * PAGE_BYTES, decoded, offset);
                content(0);
            }
        }

        private void requirePages(int reference, long first, int count) throws PackageFormatException {
            long pages = references.get(reference).pages().pages();
            if (first < 0 || first > pages || count > pages - first) {
                throw Frames.malformed("a segment needs a page that its reference does not have");
            }
        }

        private void read(int reference, long page) throws VmmigException {
            try {
                ReadAhead pages = ahead.get(reference);
                int there = pages.read(page);
                System.arraycopy(pages.buffer(), there, decoded, offset, PAGE_BYTES);
            } catch (IOException e) {
                throw VmmigException.from(
                        e,
                        Problem.BASE_IMAGE_DAMAGED,
                        "a reference of the package could not be read",
                        "Check the base images and earlier packages at the destination.");
            }
        }
    }
}
