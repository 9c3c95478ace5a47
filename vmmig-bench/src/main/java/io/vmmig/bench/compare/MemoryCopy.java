// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.bench.Medians;
import java.util.ArrayList;
import java.util.List;

/** How fast this machine copies memory, with one processor. */
final class MemoryCopy {
    /** More than any cache holds. */
    private static final int BYTES = 128 << 20;

    private static final int ROUNDS = 9;

    private MemoryCopy() {}

    /** Measured now, in bytes per millisecond. */
    static double bytesPerMilli() {
        byte[] from = new byte[BYTES];
        byte[] to = new byte[BYTES];
        List<Long> nanos = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            from[round] = 1;
            long start = System.nanoTime();
            System.arraycopy(from, 0, to, 0, BYTES);
            nanos.add(System.nanoTime() - start);
        }
        return BYTES / (Medians.of(nanos, Long::doubleValue) / 1e6);
    }
}
