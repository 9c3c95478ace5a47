// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;
import io.vmmig.content.Digest;
import java.nio.file.Path;
import java.time.Instant;

/** Reports as JSON: the summary's fields and those of the end's report, in one object. */
final class ReportJson {
    private static final JsonSerializer<Object> AS_TEXT = (value, type, context) -> new JsonPrimitive(value.toString());

    private static final Gson GSON = new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .registerTypeAdapter(Digest.class, AS_TEXT)
            .registerTypeAdapter(Instant.class, AS_TEXT)
            .registerTypeHierarchyAdapter(Path.class, AS_TEXT)
            .create();

    private ReportJson() {}

    static String of(MigrationReport report) {
        JsonObject own = GSON.toJsonTree(report).getAsJsonObject();
        JsonObject json = own.remove("summary").getAsJsonObject();
        own.asMap().forEach(json::add);
        if (report instanceof SourceReport source) {
            source.downtimeMillis().ifPresent(millis -> json.addProperty("downtimeMillis", millis));
        }
        return GSON.toJson(json);
    }
}
