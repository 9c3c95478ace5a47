// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.ZstdDecompressCtx;
import io.vmmig.error.PackageFormatException;

/** Decodes the bodies of stored segments, one after the other, in the same buffers. For one thread. */
public final class StoredBodies implements AutoCloseable {
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();
    private final byte[] stored;
    private final byte[] body = SpareArrays.takeAsLeft(Segments.bodyBytes(Segments.MAX_BYTES));
    private int decodedLength;

    /**
     * @param storedCapacity the maximum stored size of a segment, in bytes
     */
    public StoredBodies(int storedCapacity) {
        this.stored = SpareArrays.takeAsLeft(storedCapacity);
    }

    /** The buffer for a stored segment. */
    public byte[] stored() {
        return stored;
    }

    /** The body of the segment in the first {@code length} bytes of {@link #stored()}; valid until the next call. */
    public byte[] decode(int length) throws PackageFormatException {
        decodedLength = Frames.decompress(context, stored, length, body);
        return body;
    }

    /** The length of the latest body, in bytes. */
    public int decodedLength() {
        return decodedLength;
    }

    @Override
    public void close() {
        context.close();
        SpareArrays.give(stored);
        SpareArrays.give(body);
    }
}
