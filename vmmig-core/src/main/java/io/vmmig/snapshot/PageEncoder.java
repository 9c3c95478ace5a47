// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.ZstdCompressCtx;
import io.vmmig.page.PageSource;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stores segments as instructions for rebuilding their pages; see {@code docs/package-format.md}. */
public final class PageEncoder implements SegmentEncoder {
    private static final Logger LOG = LoggerFactory.getLogger(PageEncoder.class);
    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;
    private static final int LENGTH_BYTES = Integer.BYTES;
    private static final int LEVEL_OF_NOISE = 1;

    private final List<Reference> references;
    private final LevelControl level;
    private final PageTally tally;
    private final UsualShifts usual;
    private final NativeContexts<Workbench> workbenches;
    private final AtomicBoolean warned = new AtomicBoolean();

    /**
     * An encoder for one content.
     *
     * @param references the references in which pages are looked up, in that order
     * @param usual shared by contents that continue each other
     */
    public PageEncoder(
            List<Reference> references, LevelControl level, PageTally tally, UsualShifts usual, int segmentBytes) {
        this.references = List.copyOf(references);
        this.level = level;
        this.tally = tally;
        this.usual = usual;
        this.workbenches = new NativeContexts<>(() -> new Workbench(this.references, segmentBytes));
    }

    /** The buffers and native context that one thread needs to encode. */
    private static final class Workbench implements Closeable {
        private final ZstdCompressCtx context = Frames.compressor();
        private final List<ReadAhead> references;
        private final byte[] body;

        Workbench(List<Reference> references, int segmentBytes) {
            this.references = ReadAhead.of(references);
            this.body = SpareArrays.takeAsLeft(Segments.bodyBytes(segmentBytes));
        }

        @Override
        public void close() {
            context.close();
            SpareArrays.give(body);
        }
    }

    @Override
    public void encode(Segment segment) {
        workbenches.with(workbench -> new Encoding(segment, workbench).run());
    }

    @Override
    public void close() {
        workbenches.close();
    }

    /** The encoding of one segment. The instructions precede the data, so a gap is left for them. */
    private final class Encoding {
        private final Segment segment;
        private final Layout layout;
        private final Workbench bench;
        private final InstructionWriter instructions;
        private final ReferencedRun referenced = new ReferencedRun(references);
        private int data = Segments.INSTRUCTION_BYTES;
        private int offset;

        private int runOp;
        private int runLength;
        private int runTwin;

        Encoding(Segment segment, Workbench bench) {
            this.segment = segment;
            this.layout = segment.layout();
            this.bench = bench;
            this.instructions = new InstructionWriter(bench.body, LENGTH_BYTES);
        }

        void run() {
            for (int i = 0; i < references.size(); i++) {
                if (references.get(i).order() == Reference.Order.SAME) {
                    anchor(i);
                }
            }
            int page = 0;
            for (int event = 0; event < layout.events(); event++) {
                int op = layout.kind(event);
                long value = layout.value(event);
                switch (Op.kind(op)) {
                    case Op.OPAQUE -> opaque((int) value);
                    case Op.ADDRESS -> instruct(op, value / PAGE_BYTES);
                    case Op.ZERO_RECORDS -> zeroRecords(op, (int) value);
                    case Op.FILL -> fill(op, (int) (value >>> Byte.SIZE), (int) value);
                    default -> {
                        for (int i = 0; i < value; i++) {
                            page(op & Op.RECORD, page++);
                        }
                        endRun();
                    }
                }
            }
            compress();
        }

        /** The first page found in a reference shows where to look for similar earlier ones. */
        private void anchor(int reference) {
            long found = -1;
            for (int page = 0; page < layout.pages() && found < 0; page++) {
                offset = layout.offset(page);
                found = layout.twin(page) > 0 ? -1 : find(reference, layout.hash(page), 0);
                if (found >= 0) {
                    referenced.anchor(reference, found - layout.position(page));
                }
            }
            offset = 0;
        }

        private void instruct(int op, long value) {
            instructions.put(op);
            instructions.putNumber(value);
        }

        private void opaque(int length) {
            instruct(Op.OPAQUE, length);
            store(segment.decoded(), offset, length);
            offset += length;
        }

        private void zeroRecords(int op, int count) {
            instruct(op, count);
            tally.add(Op.ZERO_RECORDS, count);
            offset += count * Op.ZERO_RECORD_BYTES;
        }

        private void fill(int op, int pages, int value) {
            instruct(op, pages);
            instructions.put(value);
            tally.add(Op.FILL, pages);
            offset += pages * (PAGE_BYTES + Op.headerBytes(op));
        }

        private void store(byte[] from, int at, int length) {
            System.arraycopy(from, at, bench.body, data, length);
            data += length;
        }

        private void page(int record, int page) {
            offset = layout.offset(page);
            long position = layout.position(page);
            long hash = layout.hash(page);
            int twin = layout.twin(page);
            if (continuesRun(record, hash)) {
                runLength++;
            } else if (twin > 0) {
                extendRun(Op.SAME | record, twin);
            } else if (!refer(record, hash, position) && !change(record, position)) {
                extendRun(Op.LITERAL | record, 0);
                store(segment.decoded(), offset, PAGE_BYTES);
            }
            offset += PAGE_BYTES;
        }

        /** Whether the page continues the current run of a reference, which needs no instruction. */
        private boolean continuesRun(int record, long hash) {
            return runOp == (Op.REFERENCE | record)
                    && runLength > 0
                    && find(referenced.reference(), hash, referenced.next()) == referenced.next()
                    && referenced.proceed();
        }

        private boolean refer(int record, long hash, long position) {
            for (int i = 0; i < references.size(); i++) {
                long near = references.get(i).ordered() ? referenced.counterpart(i, position) : referenced.next(i);
                long found = find(i, hash, near);
                if (found >= 0) {
                    endRun();
                    beginRun(Op.REFERENCE | record);
                    referenced.begin(i, found, position);
                    return true;
                }
            }
            return false;
        }

        /** The page of a reference that equals this one, or -1. */
        private long find(int reference, long hash, long near) {
            long found = references.get(reference).pages().find(hash, near);
            int at = found < 0 ? -1 : read(reference, found);
            boolean equal = at >= 0
                    && Arrays.equals(
                            bench.references.get(reference).buffer(),
                            at,
                            at + PAGE_BYTES,
                            segment.decoded(),
                            offset,
                            offset + PAGE_BYTES);
            return equal ? found : -1;
        }

        /** Reads a page of a reference; returns its offset in the buffer, or -1 if it cannot be read. */
        private int read(int reference, long page) {
            try {
                return bench.references.get(reference).read(page);
            } catch (IOException e) {
                if (!warned.getAndSet(true)) {
                    LOG.warn("a reference cannot be read, so the package will be larger: {}", e.getMessage());
                }
                return -1;
            }
        }

        /** Stores the page as the difference from a probably similar one, if that is smaller. */
        private boolean change(int record, long position) {
            for (int i = 0; i < references.size(); i++) {
                if (references.get(i).ordered()) {
                    long here = referenced.counterpart(i, position);
                    long usually = usual.counterpart(i, position);
                    if (change(record, position, i, here) || usually != here && change(record, position, i, usually)) {
                        return true;
                    }
                }
            }
            return false;
        }

        /** Stores the page as the difference from that page of a reference, if it exists and that is smaller. */
        private boolean change(int record, long position, int reference, long counterpart) {
            boolean exists = counterpart >= 0
                    && counterpart < references.get(reference).pages().pages();
            int at = exists ? read(reference, counterpart) : -1;
            byte[] before = bench.references.get(reference).buffer();
            if (at < 0 || !Deltas.worthwhile(before, at, segment.decoded(), offset)) {
                return false;
            }
            boolean next = runOp == (Op.DELTA | record)
                    && runLength > 0
                    && referenced.reference() == reference
                    && referenced.next() == counterpart;
            if (next) {
                referenced.proceed();
                runLength++;
            } else {
                endRun();
                beginRun(Op.DELTA | record);
                referenced.begin(reference, counterpart, position);
            }
            store(before, at, PAGE_BYTES);
            Deltas.apply(segment.decoded(), offset, bench.body, data - PAGE_BYTES);
            return true;
        }

        private void extendRun(int op, int twin) {
            if (runOp != op || runTwin != twin || runLength == 0) {
                endRun();
                beginRun(op);
                runTwin = twin;
            } else {
                runLength++;
            }
        }

        private void beginRun(int op) {
            runOp = op;
            runLength = 1;
        }

        private void endRun() {
            if (runLength == 0) {
                return;
            }
            instruct(runOp, runLength);
            int kind = Op.kind(runOp);
            tally.add(kind, runLength);
            if (kind == Op.SAME) {
                instructions.putNumber(runTwin);
            } else if (kind == Op.REFERENCE || kind == Op.DELTA) {
                instructions.putNumber(referenced.reference());
                instructions.putSigned(referenced.step());
                if (kind == Op.REFERENCE) {
                    usual.learn(referenced.reference(), referenced.shift(), runLength);
                    tally.addReferenced(referenced.reference(), runLength);
                }
            }
            runLength = 0;
        }

        private void compress() {
            int length = instructions.position() - LENGTH_BYTES;
            int start = Segments.INSTRUCTION_BYTES - LENGTH_BYTES - length;
            System.arraycopy(bench.body, LENGTH_BYTES, bench.body, start + LENGTH_BYTES, length);
            InstructionWriter.putLength(bench.body, start, length);
            segment.storedLength(bench.context
                    .setLevel(zstdLevel())
                    .compressByteArray(segment.stored(), 0, segment.stored().length, bench.body, start, data - start));
        }

        /** Levels above that of noise would search data in vain that do not compress; up to it, zstd itself passes over them. */
        private int zstdLevel() {
            int chosen = level.zstdLevel();
            return chosen > LEVEL_OF_NOISE && Noise.is(bench.body, Segments.INSTRUCTION_BYTES, data)
                    ? LEVEL_OF_NOISE
                    : chosen;
        }
    }
}
