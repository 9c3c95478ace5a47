// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import com.google.gson.JsonObject;
import io.vmmig.bench.Medians;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The spread of some measurements.
 *
 * @param median the median
 * @param least the smallest
 * @param most the largest
 */
record Spread(double median, double least, double most) {
    static <T> Spread of(List<T> measurements, ToDoubleFunction<T> value) {
        return new Spread(
                Medians.of(measurements, value),
                measurements.stream().mapToDouble(value).min().orElseThrow(),
                measurements.stream().mapToDouble(value).max().orElseThrow());
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("median", median);
        json.addProperty("least", least);
        json.addProperty("most", most);
        return json;
    }
}
