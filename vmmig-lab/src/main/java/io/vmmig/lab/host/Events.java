// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import io.vmmig.event.MigrationEvent;

/** Events of a migration as JSON. */
final class Events {
    private Events() {}

    static JsonObject toJson(MigrationEvent event) {
        JsonObject json = new JsonObject();
        json.addProperty("what", event.getClass().getSimpleName());
        json.addProperty("phase", event.phase().name());
        if (event instanceof MigrationEvent.PhaseEnded ended) {
            json.addProperty("millis", ended.length().toMillis());
        } else if (event instanceof MigrationEvent.Progress progress) {
            json.addProperty("done", progress.bytesDone());
            json.addProperty("expected", progress.bytesExpected());
            json.addProperty("rate", progress.bytesPerSecond());
            json.addProperty("fraction", progress.fraction());
            json.addProperty("doing", progress.doing());
            if (progress.remaining() != null) {
                json.addProperty("remainingMillis", progress.remaining().toMillis());
            }
        } else if (event instanceof MigrationEvent.Waiting waiting) {
            json.addProperty("ahead", waiting.ahead());
        } else if (event instanceof MigrationEvent.Reconnected reconnected) {
            json.addProperty("millis", reconnected.outage().toMillis());
        } else if (event instanceof MigrationEvent.Noticed noticed) {
            json.add("notice", new Gson().toJsonTree(noticed.notice()));
        }
        return json;
    }
}
