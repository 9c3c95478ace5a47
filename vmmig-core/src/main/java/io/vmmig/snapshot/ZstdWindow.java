// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

/** The memory that a zstd frame requires of a reader (RFC 8878, 3.1.1.1). The library checks this only in some of its modes. */
public final class ZstdWindow {
    /** The maximum length of a frame header. */
    public static final int MAX_HEADER_BYTES = 18;

    private static final int DESCRIPTOR = 4;
    private static final int SINGLE_SEGMENT = 0x20;
    private static final int MIN_LOG = 10;
    private static final int[] DICTIONARY_BYTES = {0, 1, 2, 4};
    private static final int[] SIZE_BYTES = {1, 2, 4, 8};

    private ZstdWindow() {}

    /**
     * The size of a frame's window, in bytes; {@link Long#MAX_VALUE} if its header is cut off.
     *
     * @param frame begins with the frame's magic number
     * @param length how many bytes are there
     */
    public static long of(byte[] frame, int length) {
        if (length < DESCRIPTOR + 2) {
            return Long.MAX_VALUE;
        }
        int descriptor = frame[DESCRIPTOR];
        if ((descriptor & SINGLE_SEGMENT) == 0) {
            int window = frame[DESCRIPTOR + 1] & 0xff;
            long base = 1L << MIN_LOG + (window >>> 3);
            return base + base / 8 * (window & 7);
        }
        int at = DESCRIPTOR + 1 + DICTIONARY_BYTES[descriptor & 3];
        int bytes = SIZE_BYTES[descriptor >>> 6 & 3];
        if (length < at + bytes) {
            return Long.MAX_VALUE;
        }
        long size = bytes == 2 ? 256 : 0;
        for (int i = 0; i < bytes; i++) {
            size += (frame[at + i] & 0xffL) << 8 * i;
        }
        return size < 0 ? Long.MAX_VALUE : size;
    }
}
