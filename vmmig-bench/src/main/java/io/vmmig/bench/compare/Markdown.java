// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import java.util.List;
import java.util.Locale;

/** All comparisons as tables for a document. */
final class Markdown {
    private static final List<Measure> COLUMNS = List.of(Measure.values());

    private Markdown() {}

    static String of(List<Result> results) {
        StringBuilder text = new StringBuilder();
        for (Result result : results) {
            text.append(String.format(
                    Locale.ROOT,
                    "### %s%n%nMeasured: %.0f Mbit/s, %.1f ms; save image %s, overlay %s; QEMU alone writes its stream in %s.%n%n",
                    result.comparison().title(),
                    result.measured().megabitsPerSecond(),
                    result.measured().roundTripMillis(),
                    Measure.WIRE.told(result.prepared().saveImageBytes()),
                    Measure.WIRE.told(result.prepared().diskBytes()),
                    Measure.TOTAL.told(result.prepared().streamMillis())));
            text.append("| |");
            COLUMNS.forEach(column -> text.append(' ').append(column.title()).append(" |"));
            text.append(" total, of the limit | moves |\n|---|")
                    .append("---:|".repeat(COLUMNS.size() + 2))
                    .append('\n');
            result.trials().keySet().forEach(way -> row(text, result, way));
            result.obstacles()
                    .forEach((way, why) ->
                            text.append(String.format("| %s | cannot be gone here: %s |%n", way.title(), why)));
            text.append('\n');
        }
        return text.toString();
    }

    private static void row(StringBuilder text, Result result, Way way) {
        text.append("| ").append(way.title()).append(" |");
        for (Measure column : COLUMNS) {
            text.append(' ')
                    .append(Table.told(result.spread(way, column), column))
                    .append(" |");
        }
        text.append(String.format(
                Locale.ROOT,
                " %.1f × | %d |%n",
                result.totalOfLimit(way),
                result.trials(way).size()));
    }
}
