// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.ZstdDecompressCtx;
import io.vmmig.error.PackageFormatException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A segment as instructions and data, shared by several readers, each of which closes it. After the last close, a large buffer is reused:
 * allocating one for each segment would fill the heap faster than it is collected. Thread-safe.
 */
public final class SharedSegment implements AutoCloseable {
    private static final int ROOM = Segments.bodyBytes(Segments.MAX_BYTES);
    /** Smaller buffers are left to the garbage collector. */
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
        int size = Frames.requireOneFrame(stored, length, ROOM);
        byte[] body = size > LARGE ? SpareArrays.takeAsLeft(ROOM) : new byte[size];
        try (ZstdDecompressCtx context = new ZstdDecompressCtx()) {
            Frames.decompress(context, stored, length, body);
            return new SharedSegment(body, PageMap.of(body, size, size));
        }
    }

    /** The body with its pages; bytes after its end are undefined. */
    public byte[] body() {
        return body;
    }

    /** Its instructions. */
    public PageMap map() {
        return map;
    }

    /** The heap that it takes, in bytes. */
    public long bytes() {
        return body.length + map.bytes();
    }

    /** Adds a reader, which has to close it. Only a current reader may call this. */
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
