// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.Zstd;

/** The sizes of segments. */
public final class Segments {
    /** The format's maximum size of a decoded segment, in bytes. */
    public static final int MAX_BYTES = 4 << 20;

    private static final long MAX_CACHED_BYTES = 48 << 20;
    private static final int CACHED_PART = 16;

    /** How much of a heap one migration may use to cache segments of packages, in bytes. */
    public static long cachedBytes(long heapBytes) {
        return Math.min(MAX_CACHED_BYTES, heapBytes / CACHED_PART);
    }

    /** The maximum size of a segment's instructions with their length, in bytes. */
    public static final int INSTRUCTION_BYTES = 256 << 10;

    private Segments() {}

    /** The maximum stored size of a segment of up to {@code decodedBytes}, in bytes. */
    public static int storedBytes(int decodedBytes) {
        return (int) Zstd.compressBound(bodyBytes(decodedBytes));
    }

    /** The maximum size of the uncompressed body of a segment of up to {@code decodedBytes}, in bytes. */
    public static int bodyBytes(int decodedBytes) {
        return decodedBytes + INSTRUCTION_BYTES;
    }
}
