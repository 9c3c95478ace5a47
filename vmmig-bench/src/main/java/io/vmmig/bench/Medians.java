// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** Medians of measurements. */
public final class Medians {
    private Medians() {}

    /** The median of {@code value} over the items; for an even number of items, the mean of the two in the middle. */
    public static <T> double of(List<T> measurements, ToDoubleFunction<T> value) {
        double[] sorted = measurements.stream().mapToDouble(value).sorted().toArray();
        if (sorted.length == 0) {
            throw new IllegalArgumentException("nothing was measured");
        }
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
