// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.bench.Figure;
import java.util.ArrayList;
import java.util.List;

/** The targets over 100 Mbit/s with 20 ms. */
final class Targets {
    private static final double OF_BYTES_THROUGH_BANDWIDTH = 1.15;
    private static final double SECONDS_BEYOND = 1;
    private static final double FIRST_MOVE = 2.5;
    private static final double WAY_BACK = 10;
    private static final double WARM_SECONDS = 1.5;

    private Targets() {}

    static List<Figure> of(List<Result> results) {
        List<Figure> figures = new ArrayList<>();
        results.stream()
                .filter(result -> result.trials().containsKey(Comparison.VMMIG_BACK)
                        && result.comparison().subject() == Subject.DEBIAN_IDLE
                        && result.comparison().link().equals(Comparison.TARGETED))
                .forEach(result -> add(result, figures));
        results.stream()
                .filter(result -> result.comparison().subject() == Subject.REDIS_HOLDING
                        && result.comparison().link().equals(Comparison.TARGETED))
                .forEach(result -> figures.add(Figure.atMost(
                        "downtime of a warm move of redis, s",
                        result.median(Comparison.VMMIG_WARM, Measure.DOWNTIME) / 1000,
                        WARM_SECONDS)));
        return figures;
    }

    private static void add(Result result, List<Figure> figures) {
        double beyond = result.median(Comparison.VMMIG, Measure.TOTAL)
                - OF_BYTES_THROUGH_BANDWIDTH
                        * Limit.BANDWIDTH.millis(result, Comparison.VMMIG).orElseThrow();
        figures.add(Figure.atMost("vmmig's total beyond 1.15 × bytes / bandwidth, s", beyond / 1000, SECONDS_BEYOND));
        for (MigrationMethod method : result.trials().keySet()) {
            if (method.kind() == MigrationMethod.Kind.STOP_AND_COPY) {
                double downtime = result.median(method, Measure.DOWNTIME);
                figures.add(Figure.atLeast(
                        "downtime, of vmmig's first move: " + method.title(),
                        downtime / result.median(Comparison.VMMIG, Measure.DOWNTIME),
                        FIRST_MOVE));
                figures.add(Figure.atLeast(
                        "downtime, of vmmig's way back: " + method.title(),
                        downtime / result.median(Comparison.VMMIG_BACK, Measure.DOWNTIME),
                        WAY_BACK));
            }
        }
    }
}
