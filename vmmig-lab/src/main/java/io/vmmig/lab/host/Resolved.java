// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.report.RecoveryReport.Result;
import io.vmmig.report.RecoveryReport.Side;
import java.util.List;
import java.util.UUID;
import java.util.stream.StreamSupport;

/**
 * A {@link io.vmmig.report.RecoveryReport.Resolution}, as reported by an agent.
 *
 * @param packageId the migration's package
 * @param guest its name at that host
 * @param side which end that host was
 * @param result what was done
 * @param what the same in words
 */
public record Resolved(UUID packageId, String guest, Side side, Result result, String what) {
    static List<Resolved> allOf(JsonObject told) {
        return StreamSupport.stream(told.getAsJsonArray("resolutions").spliterator(), false)
                .map(JsonElement::getAsJsonObject)
                .map(one -> new Resolved(
                        UUID.fromString(one.get("package").getAsString()),
                        one.get("guest").getAsString(),
                        Side.valueOf(one.get("side").getAsString()),
                        Result.valueOf(one.get("result").getAsString()),
                        one.get("what").getAsString()))
                .toList();
    }

    @Override
    public String toString() {
        return side + " " + result + ": " + what;
    }
}
