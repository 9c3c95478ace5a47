// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.ZstdDecompressCtx;
import io.vmmig.error.PackageFormatException;

/** Decodes the bodies of stored segments, one after the other, in the same room. For one thread. */
public final class StoredBodies implements AutoCloseable {
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();
    private final byte[] stored;
    private final byte[] body = SpareArrays.takeAsLeft(Segments.bodyBytes(Segments.MAX_BYTES));
    private int decodedLength;

    /** @param storedCapacity the most bytes that a segment is stored in */
    public StoredBodies(int storedCapacity) {
        this.stored = SpareArrays.takeAsLeft(storedCapacity);
    }

    /** Where a stored segment belongs. */
    public byte[] stored() {
        return stored;
    }

    /** The body of the segment whose stored bytes are {@code length} of {@link #stored()}; it is there until the next one is. */
    public byte[] decode(int length) throws PackageFormatException {
        decodedLength = Frames.decompress(context, stored, length, body);
        return body;
    }

    /** How many bytes the latest body has. */
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
