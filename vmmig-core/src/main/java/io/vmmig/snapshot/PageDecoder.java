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

/** Rebuilds segments from the instructions that {@link PageEncoder} has written, or anybody else. */
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
     * @param references what the package refers to, in its order
     * @param ring the latest content pages of the package, from the contents before
     */
    public PageDecoder(List<Reference> references, PageTally tally, PageRing ring, int segmentBytes) {
        this.ring = ring;
        this.references = List.copyOf(references);
        this.tally = tally;
        this.workbenches = new NativeContexts<>(() -> new Workbench(this.references, segmentBytes));
    }

    /** What one thread needs to decode. */
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
    private final class Decoding {
        private final Segment segment;
        private final List<ReadAhead> ahead;
        private final byte[] decoded;
        private final byte[] body;
        private final int bodyEnd;
        private final Instructions instructions;
        private final long[] next = new long[references.size()];
        private int data;
        private int offset;
        private long address;
        /** So many zeros are at the beginning, and not written yet; they may be all that there is. */
        private int zeros;

        Decoding(Segment segment, Workbench bench, int bodyLength) throws PackageFormatException {
            this.segment = segment;
            this.ahead = bench.references;
            this.decoded = segment.decoded();
            this.body = bench.body;
            this.bodyEnd = bodyLength;
            this.instructions = Instructions.of(body, bodyLength);
            this.data = instructions.end();
        }

        void run() throws VmmigException {
            segment.pages().clear();
            while (!instructions.atEnd()) {
                step(instructions.take());
            }
            if (data != bodyEnd) {
                throw Frames.malformed("a segment has data that its instructions do not use");
            }
            if (zeros > 0) {
                segment.zeros(zeros);
            } else {
                segment.decodedLength(offset);
            }
        }

        private void writeZeros() {
            Arrays.fill(decoded, 0, zeros, (byte) 0);
            zeros = 0;
        }

        private void step(int op) throws VmmigException {
            long value = instructions.takeNumber();
            if (zeros > 0 && op != Op.FILL) {
                writeZeros();
            }
            switch (op) {
                case Op.OPAQUE -> opaque(count(value, 1));
                case Op.ADDRESS -> address = value * PAGE_BYTES;
                case Op.ZERO_RECORDS -> zeroRecords(count(value, Op.ZERO_RECORD_BYTES));
                case Op.LITERAL, Op.LITERAL | Op.RECORD -> literal(op, pages(op, value));
                case Op.FILL, Op.FILL | Op.RECORD -> fill(op, pages(op, value), instructions.take());
                case Op.SAME, Op.SAME | Op.RECORD -> same(op, pages(op, value));
                case Op.REFERENCE, Op.REFERENCE | Op.RECORD -> refer(op, pages(op, value));
                case Op.DELTA, Op.DELTA | Op.RECORD -> change(op, pages(op, value));
                default -> throw Frames.malformed("a segment has an instruction that is not known: " + op);
            }
        }

        private int pages(int op, long value) throws PackageFormatException {
            int count = count(value, PAGE_BYTES + Op.headerBytes(op));
            tally.add(Op.kind(op), count);
            return count;
        }

        /** The number, if so many things of that size have room. */
        private int count(long value, int bytesEach) throws PackageFormatException {
            if (value < 0 || value > decoded.length) {
                throw Frames.malformed("a segment has an instruction with an impossible number");
            }
            if (value * bytesEach > decoded.length - offset) {
                throw Frames.overLimit(offset + value * bytesEach, decoded.length);
            }
            return (int) value;
        }

        private void opaque(int length) throws PackageFormatException {
            copy(length);
            offset += length;
        }

        private void copy(int length) throws PackageFormatException {
            if (length > bodyEnd - data) {
                throw Frames.malformed("the data of a segment end too early");
            }
            System.arraycopy(body, data, decoded, offset, length);
            data += length;
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

        private void zeroRecords(int count) {
            for (int i = 0; i < count; i++) {
                putHeader(ZERO_RECORD);
                decoded[offset++] = 0;
            }
            tally.add(Op.ZERO_RECORDS, count);
        }

        private void fill(int op, int count, int value) {
            if (op == Op.FILL && value == 0 && zeros == offset) {
                offset += count * PAGE_BYTES;
                zeros = offset;
                return;
            }
            if (zeros > 0) {
                writeZeros();
            }
            for (int i = 0; i < count; i++) {
                header(op);
                Arrays.fill(decoded, offset, offset + PAGE_BYTES, (byte) value);
                offset += PAGE_BYTES;
            }
        }

        private void literal(int op, int count) throws PackageFormatException {
            for (int i = 0; i < count; i++) {
                header(op);
                copy(PAGE_BYTES);
                content(0);
            }
        }

        private void content(int twin) {
            segment.pages().add(offset, twin);
            offset += PAGE_BYTES;
        }

        private void same(int op, int count) throws PackageFormatException {
            long twin = instructions.takeNumber();
            if (twin < 1 || twin > PageRing.PAGES) {
                throw Frames.malformed("a segment repeats a page that is too far away");
            }
            for (int i = 0; i < count; i++) {
                header(op);
                content((int) twin);
            }
        }

        private void refer(int op, int count) throws VmmigException {
            int reference = takeReference(count);
            tally.addReferenced(reference, count);
            for (int i = 0; i < count; i++) {
                header(op);
                read(reference, decoded, offset);
                content(0);
            }
        }

        private void change(int op, int count) throws VmmigException {
            int reference = takeReference(count);
            byte[] before = new byte[PAGE_BYTES];
            for (int i = 0; i < count; i++) {
                header(op);
                read(reference, before, 0);
                copy(PAGE_BYTES);
                Deltas.apply(before, 0, decoded, offset);
                content(0);
            }
        }

        /** The number of a reference that has so many pages from where {@link #next} then says. */
        private int takeReference(int count) throws PackageFormatException {
            long reference = instructions.takeNumber();
            long step = instructions.takeSigned();
            if (reference < 0 || reference >= references.size()) {
                throw Frames.malformed("a segment needs a reference that the manifest does not name");
            }
            int index = (int) reference;
            long pages = references.get(index).pages().pages();
            long first = next[index] + step;
            if (first < 0 || first > pages || count > pages - first) {
                throw Frames.malformed("a segment needs a page that its reference does not have");
            }
            next[index] = first;
            return index;
        }

        private void read(int reference, byte[] buffer, int at) throws VmmigException {
            try {
                ReadAhead pages = ahead.get(reference);
                int there = pages.read(next[reference]++);
                System.arraycopy(pages.buffer(), there, buffer, at, PAGE_BYTES);
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
