// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.vmmig.lab.host.Measured;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a comparison came to.
 *
 * @param comparison what was compared
 * @param prepared the guest
 * @param measured what the link was really like
 * @param trials all moves of each way
 * @param obstacles why some ways cannot be gone on this machine
 */
record Result(
        Comparison comparison,
        Prepared prepared,
        Measured measured,
        Map<Way, List<Trial>> trials,
        Map<Way, String> obstacles) {
    Result {
        trials = new LinkedHashMap<>(trials);
        obstacles = new LinkedHashMap<>(obstacles);
    }

    /** All moves in one way. */
    List<Trial> trials(Way way) {
        List<Trial> all = trials.get(way);
        if (all == null) {
            throw new IllegalArgumentException(way.title() + " was not measured");
        }
        return all;
    }

    Spread spread(Way way, Measure measure) {
        return Spread.of(trials(way), measure::of);
    }

    double median(Way way, Measure measure) {
        return spread(way, measure).median();
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
        JsonObject ways = new JsonObject();
        trials.forEach((way, all) -> {
            JsonObject told = new JsonObject();
            told.addProperty("title", way.title());
            for (Measure measure : Measure.values()) {
                told.add(measure.name(), spread(way, measure).toJson());
            }
            for (Limit limit : Limit.values()) {
                limit.millis(this, way).ifPresent(millis -> told.addProperty(limit.name() + "_LIMIT", millis));
            }
            JsonArray each = new JsonArray();
            all.forEach(trial -> each.add(trial.toJson()));
            told.add("trials", each);
            ways.add(way.word(), told);
        });
        json.add("ways", ways);
        JsonObject not = new JsonObject();
        obstacles.forEach((way, why) -> not.addProperty(way.title(), why));
        json.add("notRun", not);
        return json;
    }
}
