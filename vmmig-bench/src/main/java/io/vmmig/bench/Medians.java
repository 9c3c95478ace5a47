// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** The middle one of a few measurements. */
public final class Medians {
    private Medians() {}

    /** The median of what {@code value} gives for each; of an even number, the mean of the two in the middle. */
    public static <T> double of(List<T> measurements, ToDoubleFunction<T> value) {
        double[] sorted = measurements.stream().mapToDouble(value).sorted().toArray();
        if (sorted.length == 0) {
            throw new IllegalArgumentException("nothing was measured");
        }
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
