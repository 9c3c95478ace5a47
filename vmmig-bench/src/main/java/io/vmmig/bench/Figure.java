// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import com.google.gson.JsonObject;
import java.util.Locale;

/**
 * A measured figure, and its target.
 *
 * @param what what was measured
 * @param value the measured value
 * @param bound on which side of the limit it should be
 * @param limit the target
 */
public record Figure(String what, double value, Bound bound, double limit) {
    /** A side of a limit. */
    public enum Bound {
        /** At most the limit. */
        AT_MOST("≤"),
        /** At least the limit. */
        AT_LEAST("≥");

        private final String sign;

        Bound(String sign) {
            this.sign = sign;
        }
    }

    /** A figure that should be small. */
    public static Figure atMost(String what, double value, double limit) {
        return new Figure(what, value, Bound.AT_MOST, limit);
    }

    /** A figure that should be large. */
    public static Figure atLeast(String what, double value, double limit) {
        return new Figure(what, value, Bound.AT_LEAST, limit);
    }

    /** Whether the target is met. */
    public boolean holds() {
        return bound == Bound.AT_MOST ? value <= limit : value >= limit;
    }

    /** The figure as a line of a table. */
    public String line() {
        return String.format(
                Locale.ROOT, "%-72s %9.4f  %s %-7s %s", what, value, bound.sign, limit, holds() ? "holds" : "MISSES");
    }

    /** The target, for people. */
    public String target() {
        return bound.sign + " " + limit;
    }

    /** Parses the result of {@link #toJson()}. */
    public static Figure of(JsonObject json) {
        Bound bound = json.get("bound").getAsString().equals(Bound.AT_MOST.sign) ? Bound.AT_MOST : Bound.AT_LEAST;
        return new Figure(
                json.get("what").getAsString(),
                json.get("value").getAsDouble(),
                bound,
                json.get("limit").getAsDouble());
    }

    /** The figure as JSON. */
    public JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("what", what);
        json.addProperty("value", value);
        json.addProperty("bound", bound.sign);
        json.addProperty("limit", limit);
        json.addProperty("holds", holds());
        return json;
    }
}
