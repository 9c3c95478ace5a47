// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.vmmig.lab.host.Measured;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The result of a comparison.
 *
 * @param comparison what was compared
 * @param prepared the guest
 * @param measured the link as measured
 * @param trials all moves by each method
 * @param obstacles why some methods are not available on this machine
 */
record Result(
        Comparison comparison,
        Prepared prepared,
        Measured measured,
        Map<MigrationMethod, List<Trial>> trials,
        Map<MigrationMethod, String> obstacles) {
    Result {
        trials = new LinkedHashMap<>(trials);
        obstacles = new LinkedHashMap<>(obstacles);
    }

    /** All moves by one method. */
    List<Trial> trials(MigrationMethod method) {
        List<Trial> all = trials.get(method);
        if (all == null) {
            throw new IllegalArgumentException(method.title() + " was not measured");
        }
        return all;
    }

    Spread spread(MigrationMethod method, Measure measure) {
        return Spread.of(trials(method), measure::of);
    }

    double median(MigrationMethod method, Measure measure) {
        return spread(method, measure).median();
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("guest", comparison.subject().title());
        json.addProperty("link", comparison.link().title());
        json.addProperty("linkMegabitsPerSecond", measured.megabitsPerSecond());
        json.addProperty("linkRoundTripMillis", measured.roundTripMillis());
        json.addProperty("saveImageBytes", prepared.saveImageBytes());
        json.addProperty("overlayBytes", prepared.diskBytes());
        json.addProperty("qemuStreamMillis", prepared.streamMillis());
        JsonObject methods = new JsonObject();
        trials.forEach((method, all) -> {
            JsonObject told = new JsonObject();
            told.addProperty("title", method.title());
            for (Measure measure : Measure.values()) {
                told.add(measure.name(), spread(method, measure).toJson());
            }
            for (Limit limit : Limit.values()) {
                limit.millis(this, method).ifPresent(millis -> told.addProperty(limit.name() + "_LIMIT", millis));
            }
            JsonArray each = new JsonArray();
            all.forEach(trial -> each.add(trial.toJson()));
            told.add("trials", each);
            methods.add(method.word(), told);
        });
        json.add("ways", methods);
        JsonObject not = new JsonObject();
        obstacles.forEach((method, why) -> not.addProperty(method.title(), why));
        json.add("notRun", not);
        return json;
    }
}
