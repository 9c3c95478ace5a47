// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import java.util.List;
import java.util.Locale;

/** A comparison as text. */
final class Table {
    private static final List<Measure> COLUMNS = List.of(Measure.values());
    private static final double PERCENT = 100;

    private Table() {}

    static String of(Result result) {
        StringBuilder text = new StringBuilder();
        text.append(String.format("  %-44s", "median (± half of the spread, %)"));
        COLUMNS.forEach(column -> text.append(String.format(" %19s", column.title())));
        text.append(String.format("%n"));
        for (MigrationMethod method : result.trials().keySet()) {
            text.append(String.format("  %-44s", method.title()));
            for (Measure column : COLUMNS) {
                text.append(String.format(" %19s", told(result.spread(method, column), column)));
            }
            text.append(String.format("%n"));
        }
        return text.toString();
    }

    static String told(Spread spread, Measure column) {
        double half = spread.median() == 0 ? 0 : (spread.most() - spread.least()) / 2 / spread.median() * PERCENT;
        return String.format(Locale.ROOT, "%s ±%.0f%%", column.told(spread.median()), half);
    }
}
