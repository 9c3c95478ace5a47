// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.RecyclingBufferPool;
import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import io.vmmig.error.PackageFormatException;
import io.vmmig.page.PageSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
     * Reads the map of a stored segment, whose beginning, up to the end of the instructions, is enough.
     *
     * @throws PackageFormatException when the segment is malformed
     */
    public static PageMap read(InputStream stored) throws IOException, PackageFormatException {
        try (InputStream in = new ZstdInputStream(stored, RecyclingBufferPool.INSTANCE)) {
            byte[] length = in.readNBytes(Integer.BYTES);
            int instructions = length.length < Integer.BYTES
                    ? -1
                    : ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getInt();
            if (instructions < 0 || instructions > Segments.INSTRUCTION_BYTES) {
                throw Frames.malformed("a segment has no room for its instructions");
            }
            byte[] head = Arrays.copyOf(length, Integer.BYTES + instructions);
            int read = in.readNBytes(head, Integer.BYTES, instructions);
            return of(head, Integer.BYTES + read, Segments.bodyBytes(Segments.MAX_BYTES));
        } catch (ZstdIOException e) {
            throw Frames.malformed("a segment is no zstd frame: " + e.getMessage());
        }
    }

    /** The map of the {@code bodyEnd} bytes of a body, of which at least the instructions are among the {@code there} first. */
    static PageMap of(byte[] body, int there, int bodyEnd) throws PackageFormatException {
        PageMap map = new PageMap();
        InstructionReader next = new InstructionReader(body, there, bodyEnd, Segments.MAX_BYTES, MAX_REFERENCES);
        while (next.next()) {
            int kind = Op.kind(next.op());
            if (kind != Op.OPAQUE && kind != Op.ADDRESS) {
                map.add(kind, next.count(), next.data(), next.reference(), next.argument());
            }
        }
        return map;
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
        content += kind == Op.FILL || kind == Op.ZERO_RECORDS ? 0 : count;
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
