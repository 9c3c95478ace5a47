// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import com.google.gson.JsonObject;
import java.util.Locale;

/**
 * A measured figure, and how large it may be.
 *
 * @param what what was measured
 * @param value what it came to
 * @param limit what it is to come to at most
 */
public record Figure(String what, double value, double limit) {
    /** Whether the target is met. */
    public boolean holds() {
        return value <= limit;
    }

    /** The figure as a line of a table. */
    public String line() {
        return String.format(Locale.ROOT, "%-72s %8.4f  ≤ %-7s %s", what, value, limit, holds() ? "holds" : "MISSES");
    }

    /** The figure as JSON. */
    public JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("what", what);
        json.addProperty("value", value);
        json.addProperty("limit", limit);
        json.addProperty("holds", holds());
        return json;
    }
}
