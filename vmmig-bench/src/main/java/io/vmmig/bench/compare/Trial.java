// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import com.google.gson.JsonObject;
import io.vmmig.lab.host.Continuity;

/**
 * One move.
 *
 * @param moved what the method reports
 * @param cost the cost, measured from outside
 * @param downtimeMillis the downtime by the guest's own clock
 * @param continuity whether the guest lost anything
 */
record Trial(Moved moved, Meter.Reading cost, long downtimeMillis, Continuity continuity) {
    JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("saveMillis", moved.saveMillis());
        json.addProperty("transferMillis", moved.transferMillis());
        json.addProperty("restoreMillis", moved.restoreMillis());
        json.addProperty("totalMillis", cost.millis());
        json.addProperty("downtimeMillis", downtimeMillis);
        json.addProperty("packageBytes", moved.packageBytes());
        json.addProperty("wireBytes", cost.wireBytes());
        json.addProperty("writtenBytes", cost.usage().bytesWritten());
        json.addProperty("peakMemoryBytes", cost.usage().memoryBytes());
        json.addProperty("cpuMillis", cost.usage().cpuMillis());
        moved.reports().forEach(json::add);
        return json;
    }
}
