// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.Zstd;

/** The sizes of segments. */
public final class Segments {
    /** The most that one may decode to, by the format. */
    public static final int MAX_BYTES = 4 << 20;

    private static final long MAX_CACHED_BYTES = 48 << 20;
    private static final int CACHED_PART = 16;

    /** How much of a heap may be segments of packages that are read again and again, for one migration. */
    public static long cachedBytes(long heapBytes) {
        return Math.min(MAX_CACHED_BYTES, heapBytes / CACHED_PART);
    }

    /** The most that the instructions of one may take, and their length before them. */
    public static final int INSTRUCTION_BYTES = 256 << 10;

    private Segments() {}

    /** The most that a segment of up to {@code decodedBytes} takes as it is stored. */
    public static int storedBytes(int decodedBytes) {
        return (int) Zstd.compressBound(bodyBytes(decodedBytes));
    }

    /** The most that a segment of up to {@code decodedBytes} is before it is compressed. */
    public static int bodyBytes(int decodedBytes) {
        return decodedBytes + INSTRUCTION_BYTES;
    }
}
