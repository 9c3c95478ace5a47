// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.error.PackageFormatException;
import io.vmmig.page.PageSource;
import java.util.Arrays;

/**
 * The instructions of a segment, to look up single pages in. Positions count all pages, contents those that are not of one
 * repeated byte. Immutable.
 */
public final class PageMap {
    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;

    /** Where a page comes from. */
    public sealed interface Origin {
        /** It is of one byte. */
        record Filled(byte value) implements Origin {}

        /** It is in the body, at this offset. */
        record Literal(int offset) implements Origin {}

        /** It is the same as a content page so many before it. */
        record Same(int content, int distance) implements Origin {}

        /** It is a page of a reference; changed by what is in the body at this offset, unless that is negative. */
        record Referenced(int reference, long page, int changeOffset) implements Origin {}
    }

    private int[] positions = new int[64];
    private int[] contents = new int[64];
    private int[] kinds = new int[64];
    private int[] offsets = new int[64];
    private int[] references = new int[64];
    private long[] arguments = new long[64];
    private int runs;
    private int position;
    private int content;
    private long end;

    private PageMap() {}

    /**
     * The map of a body, of which the instructions have to be there.
     *
     * @param length how many bytes of {@code body} there are
     * @throws PackageFormatException when they are no instructions
     */
    public static PageMap of(byte[] body, int length) throws PackageFormatException {
        PageMap map = new PageMap();
        map.parse(Instructions.of(body, length));
        return map;
    }

    /**
     * The map of a body that is there as a whole, with all that its instructions take.
     *
     * @throws PackageFormatException when they are no instructions, or take more than is there
     */
    public static PageMap ofWhole(byte[] body, int length) throws PackageFormatException {
        PageMap map = of(body, length);
        if (map.end > length) {
            throw Frames.malformed("a segment has instructions for more than is in it");
        }
        return map;
    }

    private void parse(Instructions instructions) throws PackageFormatException {
        long data = instructions.end();
        long[] next = new long[256];
        while (!instructions.atEnd()) {
            int op = instructions.take();
            long value = instructions.takeNumber();
            int kind = Op.kind(op);
            if (kind == Op.ADDRESS) {
                continue;
            }
            if (value < 0 || value > Segments.MAX_BYTES) {
                throw Frames.malformed("a segment has an instruction with an impossible number");
            }
            int count = (int) value;
            switch (kind) {
                case Op.OPAQUE -> data += count;
                case Op.ZERO_RECORDS -> add(kind, count, 0, 0, 0);
                case Op.FILL -> add(kind, count, 0, 0, instructions.take());
                case Op.SAME -> add(kind, count, 0, 0, instructions.takeNumber());
                case Op.LITERAL -> {
                    add(kind, count, data, 0, 0);
                    data += (long) count * PAGE_BYTES;
                }
                case Op.REFERENCE, Op.DELTA -> {
                    long reference = instructions.takeNumber();
                    if (reference < 0 || reference >= next.length) {
                        throw Frames.malformed("a segment needs a reference that cannot be");
                    }
                    long first = next[(int) reference] + instructions.takeSigned();
                    next[(int) reference] = first + count;
                    add(kind, count, data, (int) reference, first);
                    data += kind == Op.DELTA ? (long) count * PAGE_BYTES : 0;
                }
                default -> throw Frames.malformed("a segment has an instruction that is not known: " + op);
            }
            if (data > Segments.bodyBytes(Segments.MAX_BYTES) || position > Segments.MAX_BYTES) {
                throw Frames.malformed("a segment has instructions for more than a segment holds");
            }
        }
        end = data;
    }

    private void add(int kind, int count, long offset, int reference, long argument) {
        if (runs == kinds.length) {
            int more = runs * 2;
            positions = Arrays.copyOf(positions, more);
            contents = Arrays.copyOf(contents, more);
            kinds = Arrays.copyOf(kinds, more);
            offsets = Arrays.copyOf(offsets, more);
            references = Arrays.copyOf(references, more);
            arguments = Arrays.copyOf(arguments, more);
        }
        positions[runs] = position;
        contents[runs] = content;
        kinds[runs] = kind;
        offsets[runs] = (int) offset;
        references[runs] = reference;
        arguments[runs] = argument;
        runs++;
        position += count;
        content += isContent(kind) ? count : 0;
    }

    private static boolean isContent(int kind) {
        return kind != Op.FILL && kind != Op.ZERO_RECORDS;
    }

    /** How much heap it takes, but for what every object does. */
    public long bytes() {
        return (5L * Integer.BYTES + Long.BYTES) * kinds.length;
    }

    /** How many pages there are. */
    public int positions() {
        return position;
    }

    /** How many content pages there are. */
    public int contents() {
        return content;
    }

    /** The first position from {@code from} on whose page is neither of one byte nor the same as one before; else how many there are. */
    public int nextDistinct(int from) {
        return next(from, true);
    }

    /** The first position from {@code from} on whose page is of one byte or the same as one before; else how many there are. */
    public int endOfDistinct(int from) {
        return next(from, false);
    }

    private int next(int from, boolean distinct) {
        if (from >= position) {
            return position;
        }
        for (int run = lastUpTo(positions, from); run < runs; run++) {
            int end = run + 1 < runs ? positions[run + 1] : position;
            if (end > from && isDistinct(kinds[run]) == distinct) {
                return Math.max(from, positions[run]);
            }
        }
        return position;
    }

    private static boolean isDistinct(int kind) {
        return isContent(kind) && kind != Op.SAME;
    }

    /** Where the page at a position comes from. */
    public Origin atPosition(int wanted) {
        int run = lastUpTo(positions, wanted);
        return origin(run, wanted - positions[run]);
    }

    /** Where a content page comes from. */
    public Origin ofContent(int wanted) {
        int run = lastUpTo(contents, wanted);
        return origin(run, wanted - contents[run]);
    }

    /** Runs without pages or contents have the number of the one behind them, so the last one is the right one. */
    private int lastUpTo(int[] numbers, int wanted) {
        int low = 0;
        int high = runs - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (numbers[middle] <= wanted) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private Origin origin(int run, int index) {
        return switch (kinds[run]) {
            case Op.ZERO_RECORDS -> new Origin.Filled((byte) 0);
            case Op.FILL -> new Origin.Filled((byte) arguments[run]);
            case Op.LITERAL -> new Origin.Literal(offsets[run] + index * PAGE_BYTES);
            case Op.SAME -> new Origin.Same(contents[run] + index, (int) Math.min(arguments[run], Integer.MAX_VALUE));
            case Op.REFERENCE -> new Origin.Referenced(references[run], arguments[run] + index, -1);
            default ->
                new Origin.Referenced(references[run], arguments[run] + index, offsets[run] + index * PAGE_BYTES);
        };
    }
}
