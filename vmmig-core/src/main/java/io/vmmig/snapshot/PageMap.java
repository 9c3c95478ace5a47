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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

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

    /**
     * Pages of one instruction.
     *
     * @param position the position of the first
     * @param content the number of content pages before it
     * @param data the offset of its data in the body
     * @param argument as {@link InstructionReader#argument()}
     */
    private record Run(int position, int content, int kind, int data, int reference, long argument) {
        static final int BYTES = 56;
    }

    private final List<Run> runs = new ArrayList<>();
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
                map.runs.add(new Run(map.position, map.content, kind, next.data(), next.reference(), next.argument()));
                map.position += next.count();
                map.content += kind == Op.FILL || kind == Op.ZERO_RECORDS ? 0 : next.count();
            }
        }
        return map;
    }

    /** About how much heap it takes, in bytes. */
    public long bytes() {
        return (long) Run.BYTES * runs.size();
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
        Run run = runs.get(lastUpTo(wanted, runs, Run::position));
        return origin(run, wanted - run.position());
    }

    /** The origin of a content page. */
    public Origin ofContent(int wanted) {
        Run run = runs.get(lastUpTo(wanted, runs, Run::content));
        return origin(run, wanted - run.content());
    }

    /**
     * The index of the last item that begins at or before {@code wanted}: an item without pages has the number of the following one.
     *
     * @param first the number at which an item begins, ascending
     */
    public static <T> int lastUpTo(long wanted, List<T> items, ToLongFunction<T> first) {
        int low = 0;
        int high = items.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (first.applyAsLong(items.get(middle)) <= wanted) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private static Origin origin(Run run, int index) {
        int data = run.data() + index * PAGE_BYTES;
        return switch (run.kind()) {
            case Op.ZERO_RECORDS -> new Origin.Filled((byte) 0);
            case Op.FILL -> new Origin.Filled((byte) run.argument());
            case Op.LITERAL -> new Origin.Literal(data);
            case Op.SAME -> new Origin.Same(run.content() + index, (int) run.argument());
            case Op.REFERENCE -> new Origin.Referenced(run.reference(), run.argument() + index, -1);
            default -> new Origin.Referenced(run.reference(), run.argument() + index, data);
        };
    }
}
