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
        Layout pages = segment.layout();
        for (int i = 0; i < pages.pages(); i++) {
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
        private final Layout layout;
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
            this.layout = segment.layout();
            this.ahead = bench.references;
            this.decoded = segment.decoded();
            this.body = bench.body;
            this.bodyEnd = bodyLength;
        }

        void run() throws VmmigException {
            layout.begin(0);
            InstructionReader instructions =
                    new InstructionReader(body, bodyEnd, bodyEnd, decoded.length, references.size());
            while (instructions.next()) {
                follow(instructions);
            }
            if (instructions.dataEnd() != bodyEnd) {
                throw Frames.malformed("a segment has data that its instructions do not use");
            }
            if (zeros > 0) {
                segment.zeros(zeros);
            } else {
                segment.decodedLength(offset);
            }
        }

        private void follow(InstructionReader next) throws VmmigException {
            int count = next.count();
            if (next.op() == Op.FILL && next.argument() == 0 && zeros == offset) {
                tally.add(Op.FILL, count);
                offset += count * PAGE_BYTES;
                zeros = offset;
                return;
            }
            Arrays.fill(decoded, 0, zeros, (byte) 0);
            zeros = 0;
            switch (next.op()) {
                case Op.OPAQUE -> {
                    System.arraycopy(body, next.data(), decoded, offset, count);
                    offset += count;
                }
                case Op.ADDRESS -> address = next.argument();
                case Op.ZERO_RECORDS -> zeroRecords(count);
                default -> pages(next);
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

        private void pages(InstructionReader run) throws VmmigException {
            int kind = Op.kind(run.op());
            tally.add(kind, run.count());
            if (kind == Op.REFERENCE || kind == Op.DELTA) {
                requirePages(run.reference(), run.argument(), run.count());
            }
            if (kind == Op.REFERENCE) {
                tally.addReferenced(run.reference(), run.count());
            }
            for (int i = 0; i < run.count(); i++) {
                if (Op.headerBytes(run.op()) > 0) {
                    putHeader(PAGE_RECORD);
                }
                switch (kind) {
                    case Op.FILL -> Arrays.fill(decoded, offset, offset + PAGE_BYTES, (byte) run.argument());
                    case Op.LITERAL -> System.arraycopy(body, run.data() + i * PAGE_BYTES, decoded, offset, PAGE_BYTES);
                    case Op.REFERENCE -> read(run.reference(), run.argument() + i);
                    case Op.DELTA -> {
                        read(run.reference(), run.argument() + i);
                        Deltas.apply(body, run.data() + i * PAGE_BYTES, decoded, offset);
                    }
                    default -> {}
                }
                if (kind != Op.FILL) {
                    int twin = kind == Op.SAME ? (int) run.argument() : 0;
                    layout.page(Layout.NO_RECORD, offset, 0, twin, layout.position());
                }
                offset += PAGE_BYTES;
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
