// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import com.google.gson.JsonObject;
import io.vmmig.lab.host.LabGuest;
import java.util.Map;

/**
 * What a method reports about one move.
 *
 * @param guest the guest where it is now
 * @param saveMillis until the data could be sent: the prototype's Δs
 * @param transferMillis until all data had arrived: Δt; methods that pipeline their steps save and restore meanwhile
 * @param restoreMillis until the guest continued: Δr
 * @param packageBytes the size of the data
 * @param reports vmmig's own reports, if it was vmmig
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
