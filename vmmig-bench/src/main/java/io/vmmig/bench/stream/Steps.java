// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** The steps of a scaling measurement. */
final class Steps {
    private static final long SMALLEST_MIB = 256;

    private Steps() {}

    /** From a quarter of a GiB, by factors of four, up to {@code gib}, which is at least 1 and always the last. */
    static List<Long> mebibytes(long gib) {
        return LongStream.concat(
                        LongStream.iterate(SMALLEST_MIB, mib -> mib < gib << 10, mib -> 4 * mib),
                        LongStream.of(gib << 10))
                .boxed()
                .toList();
    }

    /** From one, by factors of two, up to {@code most}, which is always the last. */
    static List<Integer> processors(int most) {
        return Stream.concat(IntStream.iterate(1, n -> n < most, n -> 2 * n).boxed(), Stream.of(most))
                .toList();
    }
}
