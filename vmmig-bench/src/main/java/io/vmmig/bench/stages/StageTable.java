// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Each stage's first call in a JVM beside its warm calls. */
final class StageTable {
    private static final String LINE = "%-40s %4s %10s %7s %10s %7s %12s";

    private StageTable() {}

    static List<String> of(List<Timing> cold, List<Timing> warm) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, LINE, "", "", "first call", "", "when warm", "", "B allocated"));
        lines.add(String.format(Locale.ROOT, LINE, "stage", "MiB", "ms", "MiB/s", "ms", "MiB/s", "for a MiB"));
        for (Timing later : warm) {
            cold.stream()
                    .filter(first -> first.stage().equals(later.stage()))
                    .forEach(first -> lines.add(line(first, later)));
        }
        return lines;
    }

    private static String line(Timing first, Timing later) {
        return String.format(
                Locale.ROOT,
                LINE,
                later.stage(),
                later.bulk() ? later.mebibytes() : "",
                millis(first),
                first.rate(),
                millis(later),
                later.rate(),
                bytes(later));
    }

    private static String millis(Timing timing) {
        return String.format(Locale.ROOT, "%.2f", timing.millis());
    }

    private static String bytes(Timing timing) {
        return Double.isNaN(timing.allocated()) ? "" : String.format(Locale.ROOT, "%.0f", timing.allocated());
    }
}
