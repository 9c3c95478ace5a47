// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import com.google.gson.JsonObject;
import io.vmmig.lab.host.LabGuest;
import java.util.Map;

/**
 * What a way of moving a guest says of one move.
 *
 * @param guest the guest where it is now
 * @param saveMillis until what is to travel could be sent: the prototype's Δs
 * @param transferMillis until all of it had travelled: Δt; ways that do several things at a time save and restore meanwhile
 * @param restoreMillis until the guest went on: Δr
 * @param packageBytes what was to travel
 * @param reports vmmig's own reports, if vmmig it was
 */
record Moved(
        LabGuest guest,
        long saveMillis,
        long transferMillis,
        long restoreMillis,
        long packageBytes,
        Map<String, JsonObject> reports) {
    Moved {
        reports = Map.copyOf(reports);
    }
}
