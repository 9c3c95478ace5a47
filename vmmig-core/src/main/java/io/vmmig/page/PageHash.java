// SPDX-License-Identifier: Apache-2.0
package io.vmmig.page;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A fast hash of a page's content, to find pages that are worth comparing; anybody can make two pages of the same hash. It is
 * XXH64 with seed 0, by its specification in the repository of xxHash.
 */
public final class PageHash {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long PRIME_1 = 0x9E3779B185EBCA87L;
    private static final long PRIME_2 = 0xC2B2AE3D27D4EB4FL;
    private static final long PRIME_3 = 0x165667B19E3779F9L;
    private static final long PRIME_4 = 0x85EBCA77C2B2AE63L;
    private static final int STRIPE_BYTES = 32;

    private PageHash() {}

    /** The hash of the page at {@code offset}. */
    public static long of(byte[] buffer, int offset) {
        long a = PRIME_1 + PRIME_2;
        long b = PRIME_2;
        long c = 0;
        long d = -PRIME_1;
        int end = offset + PageSource.PAGE_BYTES;
        for (int at = offset; at < end; at += STRIPE_BYTES) {
            a = round(a, (long) LONGS.get(buffer, at));
            b = round(b, (long) LONGS.get(buffer, at + 8));
            c = round(c, (long) LONGS.get(buffer, at + 16));
            d = round(d, (long) LONGS.get(buffer, at + 24));
        }
        long hash = Long.rotateLeft(a, 1) + Long.rotateLeft(b, 7) + Long.rotateLeft(c, 12) + Long.rotateLeft(d, 18);
        hash = merge(merge(merge(merge(hash, a), b), c), d) + PageSource.PAGE_BYTES;
        hash ^= hash >>> 33;
        hash *= PRIME_2;
        hash ^= hash >>> 29;
        hash *= PRIME_3;
        return hash ^ (hash >>> 32);
    }

    private static long round(long accumulator, long input) {
        return Long.rotateLeft(accumulator + input * PRIME_2, 31) * PRIME_1;
    }

    private static long merge(long hash, long accumulator) {
        return (hash ^ round(0, accumulator)) * PRIME_1 + PRIME_4;
    }
}
