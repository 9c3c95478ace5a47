// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import java.util.List;
import java.util.Locale;

/** All comparisons as tables for a document. */
final class Markdown {
    private static final List<Measure> COLUMNS = List.of(Measure.values());
    private static final List<Limit> LIMITS = List.of(Limit.values());

    private Markdown() {}

    static String of(List<Result> results) {
        StringBuilder text = new StringBuilder();
        for (Result result : results) {
            text.append(String.format(
                    Locale.ROOT,
                    "### %s%n%nThe link, measured: %.0f Mbit/s, %.1f ms. %s%n%n",
                    result.comparison().title(),
                    result.measured().megabitsPerSecond(),
                    result.measured().roundTripMillis(),
                    result.prepared().described()));
            text.append("| |");
            COLUMNS.forEach(column -> text.append(' ').append(column.title()).append(" |"));
            LIMITS.forEach(limit -> text.append(' ').append(limit.title()).append(" |"));
            text.append(" moves |\n|---|")
                    .append("---:|".repeat(COLUMNS.size() + LIMITS.size() + 1))
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
        LIMITS.forEach(
                limit -> text.append(' ').append(limit.distance(result, way)).append(" |"));
        text.append(String.format(" %d |%n", result.trials(way).size()));
    }
}
