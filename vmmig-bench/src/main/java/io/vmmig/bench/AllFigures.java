// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Combines the figures of several runs. */
public final class AllFigures {
    private AllFigures() {}

    /** Takes the names of the runs and the directory with their results. Exits with 1 if a target was missed. */
    public static void main(String[] args) {
        Bench.run(args, (runs, out, directory) -> of(directory, runs).conclude(out, directory.resolve("all.json")));
    }

    static Outcome of(Path directory, List<String> runs) throws IOException {
        List<Figure> figures = new ArrayList<>();
        JsonObject times = new JsonObject();
        for (String run : runs) {
            JsonObject json = JsonParser.parseString(Files.readString(directory.resolve(run + ".json")))
                    .getAsJsonObject();
            for (JsonElement figure : json.getAsJsonArray("figures")) {
                figures.add(Figure.of(figure.getAsJsonObject()));
            }
            times.add(run, json.get("time"));
        }
        return new Outcome(figures, times);
    }
}
