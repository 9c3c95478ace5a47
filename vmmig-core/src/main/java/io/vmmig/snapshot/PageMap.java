// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.error.PackageFormatException;
import io.vmmig.page.PageSource;
import java.util.Arrays;

/**
 * The instructions of a segment, indexed for looking up single pages. Positions count all pages, contents only those that are not of one
 * repeated byte. Immutable.
 */
public final class PageMap {
    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;
    /** The maximum number of references in a manifest. */
    private static final int MAX_REFERENCES = 256;

    /** Where a page comes from. */
    public sealed interface Origin {
        /** The page consists of one repeated byte. */
        record Filled(byte value) implements Origin {}

        /** The page is in the body, at this offset. */
        record Literal(int offset) implements Origin {}

        /** The page equals the content page {@code distance} before it. */
        record Same(int content, int distance) implements Origin {}

        /** The page is one of a reference, changed by the difference at this offset in the body unless that is negative. */
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

    private PageMap() {}

    /**
     * The map of a body, of which at least the instructions are available.
     *
     * @param length how many bytes of {@code body} are available
     * @throws PackageFormatException when the instructions are malformed
     */
    public static PageMap of(byte[] body, int length) throws PackageFormatException {
        return of(body, length, Segments.bodyBytes(Segments.MAX_BYTES));
    }

    /**
     * The map of a complete body, including all data.
     *
     * @throws PackageFormatException when the instructions are malformed or data are missing
     */
    public static PageMap ofWhole(byte[] body, int length) throws PackageFormatException {
        return of(body, length, length);
    }

    private static PageMap of(byte[] body, int there, int bodyEnd) throws PackageFormatException {
        PageMap map = new PageMap();
        new InstructionReader(body, there, bodyEnd, Segments.MAX_BYTES, MAX_REFERENCES).accept(map.new Runs());
        return map;
    }

    private final class Runs implements InstructionReader.Visitor<RuntimeException> {
        @Override
        public void opaque(int bytes, int data) {
            // No page.
        }

        @Override
        public void address(long address) {
            // Of headers only.
        }

        @Override
        public void zeroRecords(int count) {
            add(Op.ZERO_RECORDS, count, 0, 0, 0);
        }

        @Override
        public void literal(int op, int pages, int data) {
            add(Op.LITERAL, pages, data, 0, 0);
        }

        @Override
        public void fill(int op, int pages, int value) {
            add(Op.FILL, pages, 0, 0, value);
        }

        @Override
        public void same(int op, int pages, int distance) {
            add(Op.SAME, pages, 0, 0, distance);
        }

        @Override
        public void refer(int op, int pages, int reference, long first) {
            add(Op.REFERENCE, pages, 0, reference, first);
        }

        @Override
        public void change(int op, int pages, int reference, long first, int data) {
            add(Op.DELTA, pages, data, reference, first);
        }
    }

    private void add(int kind, int count, int offset, int reference, long argument) {
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
        offsets[runs] = offset;
        references[runs] = reference;
        arguments[runs] = argument;
        runs++;
        position += count;
        content += isContent(kind) ? count : 0;
    }

    private static boolean isContent(int kind) {
        return kind != Op.FILL && kind != Op.ZERO_RECORDS;
    }

    /** The heap that it takes, in bytes, without object headers. */
    public long bytes() {
        return (5L * Integer.BYTES + Long.BYTES) * kinds.length;
    }

    /** The number of pages. */
    public int positions() {
        return position;
    }

    /** The number of content pages. */
    public int contents() {
        return content;
    }

    /**
     * The first position at or after {@code from} whose page is neither of one byte nor equal to an earlier one; otherwise {@link
     * #positions()}.
     */
    public int nextDistinct(int from) {
        return next(from, true);
    }

    /** The first position at or after {@code from} whose page is of one byte or equal to an earlier one; otherwise {@link #positions()}. */
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

    /** The origin of the page at a position. */
    public Origin atPosition(int wanted) {
        int run = lastUpTo(positions, wanted);
        return origin(run, wanted - positions[run]);
    }

    /** The origin of a content page. */
    public Origin ofContent(int wanted) {
        int run = lastUpTo(contents, wanted);
        return origin(run, wanted - contents[run]);
    }

    /** Runs without pages or contents have the number of the following run, so the last match is the right one. */
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
            case Op.SAME -> new Origin.Same(contents[run] + index, (int) arguments[run]);
            case Op.REFERENCE -> new Origin.Referenced(references[run], arguments[run] + index, -1);
            default ->
                new Origin.Referenced(references[run], arguments[run] + index, offsets[run] + index * PAGE_BYTES);
        };
    }
}
