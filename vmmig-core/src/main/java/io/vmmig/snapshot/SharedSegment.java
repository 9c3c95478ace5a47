// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.ZstdDecompressCtx;
import io.vmmig.error.PackageFormatException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A segment as its instructions and the data that they take, for several who look into it. Who has got one closes it; the room of
 * a large one is used again once the last of them has: to make it anew for each would fill the heap sooner than it is collected.
 * Thread-safe.
 */
public final class SharedSegment implements AutoCloseable {
    private static final int ROOM = Segments.bodyBytes(Segments.MAX_BYTES);
    /** Smaller ones are garbage like any other. */
    private static final int LARGE = ROOM / 2;

    private final byte[] body;
    private final PageMap map;
    private final AtomicInteger holders = new AtomicInteger(1);

    private SharedSegment(byte[] body, PageMap map) {
        this.body = body;
        this.map = map;
    }

    /** Decodes a stored segment, the first {@code length} bytes of {@code stored}. */
    public static SharedSegment of(byte[] stored, int length) throws PackageFormatException {
        int size = Frames.contentSize(stored, length, ROOM);
        byte[] body = size > LARGE ? SpareArrays.takeAsLeft(ROOM) : new byte[size];
        try (ZstdDecompressCtx context = new ZstdDecompressCtx()) {
            Frames.decompress(context, stored, length, body);
            return new SharedSegment(body, PageMap.ofWhole(body, size));
        }
    }

    /** What it takes its pages from; there may be anything behind. */
    public byte[] body() {
        return body;
    }

    /** Its instructions. */
    public PageMap map() {
        return map;
    }

    /** How much heap it takes. */
    public long bytes() {
        return body.length + map.bytes();
    }

    /** Lets one more have it. To be called by one who has. */
    public SharedSegment share() {
        holders.incrementAndGet();
        return this;
    }

    @Override
    public void close() {
        if (holders.decrementAndGet() == 0 && body.length == ROOM) {
            SpareArrays.give(body);
        }
    }
}
