// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.bench.Figure;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** All comparisons as Markdown tables. */
final class Markdown {
    private final StringBuilder text = new StringBuilder();

    private Markdown() {}

    static String of(List<Result> results, List<Figure> figures) {
        Markdown markdown = new Markdown();
        markdown.figures(figures);
        markdown.seeds(results);
        results.forEach(markdown::comparison);
        return markdown.text.toString();
    }

    private void figures(List<Figure> figures) {
        if (!figures.isEmpty()) {
            heading("Targets over " + Comparison.TARGETED.title());
            beginTable(List.of("figure", "measured", "target", ""));
            figures.forEach(figure -> row(List.of(
                    figure.what(),
                    String.format(Locale.ROOT, "%.2f", figure.value()),
                    figure.target(),
                    figure.holds() ? "holds" : "MISSES")));
        }
    }

    private void seeds(List<Result> results) {
        List<List<String>> rows = SeedsTable.rows(results);
        if (!rows.isEmpty()) {
            heading(SeedsTable.TITLE);
            beginTable(SeedsTable.HEADS);
            rows.forEach(this::row);
            text.append('\n').append(SeedsTable.NOTE).append('\n');
        }
    }

    private void comparison(Result result) {
        heading(result.comparison().title());
        text.append(String.format(
                Locale.ROOT,
                "The link, measured: %.0f Mbit/s, %.1f ms. %s%n%n",
                result.measured().megabitsPerSecond(),
                result.measured().roundTripMillis(),
                result.prepared().described()));
        beginTable(Columns.heads());
        result.trials().keySet().forEach(method -> row(Columns.of(result, method)));
        result.obstacles().forEach((method, why) -> row(List.of(method.title(), "not available here: " + why)));
    }

    private void heading(String title) {
        text.append(text.isEmpty() ? "" : "\n").append("### ").append(title).append("\n\n");
    }

    private void beginTable(List<String> heads) {
        row(heads);
        text.append("|---|").append("---:|".repeat(heads.size() - 1)).append('\n');
    }

    private void row(List<String> cells) {
        text.append(cells.stream()
                .map(cell -> cell.replaceAll("\\s+", " ").replace("|", "\\|"))
                .collect(Collectors.joining(" | ", "| ", " |\n")));
    }
}
