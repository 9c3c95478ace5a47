// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import java.util.ArrayList;
import java.util.List;

/** The columns of the reports. */
final class Columns {
    private Columns() {}

    static List<String> heads() {
        List<String> heads = new ArrayList<>(List.of(""));
        for (Measure measure : Measure.values()) {
            heads.add(measure.title());
        }
        for (Limit limit : Limit.values()) {
            heads.add(limit.title());
        }
        heads.add("moves");
        return heads;
    }

    static List<String> of(Result result, MigrationMethod method) {
        List<String> cells = new ArrayList<>(List.of(method.title()));
        for (Measure measure : Measure.values()) {
            cells.add(Table.told(result.spread(method, measure), measure));
        }
        for (Limit limit : Limit.values()) {
            cells.add(limit.distance(result, method));
        }
        cells.add(Integer.toString(result.trials(method).size()));
        return cells;
    }
}
