// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** From how little to how much, in how many steps. */
final class Steps {
    private static final long SMALLEST_MIB = 256;

    private Steps() {}

    /** A quarter of a GiB, and four times as much each time, up to {@code gib}, which is 1 at least and the last in any case. */
    static List<Long> mebibytes(long gib) {
        return LongStream.concat(
                        LongStream.iterate(SMALLEST_MIB, mib -> mib < gib << 10, mib -> 4 * mib),
                        LongStream.of(gib << 10))
                .boxed()
                .toList();
    }

    /** One, and twice as many each time, up to {@code most}, which is the last in any case. */
    static List<Integer> processors(int most) {
        return Stream.concat(IntStream.iterate(1, n -> n < most, n -> 2 * n).boxed(), Stream.of(most))
                .toList();
    }
}
