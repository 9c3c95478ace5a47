// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * The results of a run of measurements.
 *
 * @param figures those that have a target
 * @param details all other measurements
 */
public record Outcome(List<Figure> figures, JsonElement details) {
    public Outcome {
        figures = List.copyOf(figures);
    }

    /** Prints the figures, writes everything to a file of JSON, and returns the exit status: 0 if all targets are met. */
    public int conclude(PrintStream out, Path file) {
        out.println();
        figures.forEach(figure -> out.println(figure.line()));
        write(file);
        out.println("The same and more as JSON: " + file);
        return figures.stream().allMatch(Figure::holds) ? 0 : 1;
    }

    /** Writes everything to a file of JSON. */
    public void write(Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(
                    file,
                    new GsonBuilder()
                                    .setPrettyPrinting()
                                    .disableHtmlEscaping()
                                    .create()
                                    .toJson(json()) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + file, e);
        }
    }

    private JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        json.addProperty("java", System.getProperty("java.vm.version"));
        json.addProperty("processors", Runtime.getRuntime().availableProcessors());
        JsonArray array = new JsonArray();
        figures.forEach(figure -> array.add(figure.toJson()));
        json.add("figures", array);
        json.add("details", details);
        return json;
    }
}
