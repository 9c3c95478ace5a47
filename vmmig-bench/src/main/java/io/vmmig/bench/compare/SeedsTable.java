// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.host.Link;
import java.util.List;
import java.util.Optional;

/** The prototype's published figures, and its method and ours on the most similar guest. */
final class SeedsTable {
    static final String TITLE = "What the prototype published, and now";
    static final List<String> HEADS = List.of(
            "their guest",
            "package",
            "save",
            "restore",
            "our guest",
            "their method here: package",
            "save",
            "restore",
            "vmmig: package",
            "total");
    static final String NOTE =
            "They moved other guests on another machine, with base images of 12 to 243 MB; save and restore are"
                    + " the range over all of theirs.";

    private SeedsTable() {}

    static List<List<String>> rows(List<Result> results) {
        return Seeds.PUBLISHED.stream()
                .flatMap(seed -> plain(results, seed.closest()).map(result -> row(seed, result)).stream())
                .toList();
    }

    private static List<String> row(Seeds seed, Result result) {
        return List.of(
                seed.guest(),
                seed.packageSize(),
                Seeds.SAVE,
                Seeds.RESTORE,
                seed.closest().title(),
                packageBytes(result, Comparison.PROTOTYPE),
                told(result, Comparison.PROTOTYPE, Measure.SAVE),
                told(result, Comparison.PROTOTYPE, Measure.RESTORE),
                packageBytes(result, Comparison.VMMIG),
                told(result, Comparison.VMMIG, Measure.TOTAL));
    }

    private static Optional<Result> plain(List<Result> results, Subject subject) {
        return results.stream()
                .filter(result -> result.comparison().subject() == subject
                        && result.comparison().link().equals(Link.PLAIN))
                .findFirst();
    }

    private static String packageBytes(Result result, MigrationMethod method) {
        return Table.told(
                Spread.of(result.trials(method), trial -> trial.moved().packageBytes()), Measure.WIRE);
    }

    private static String told(Result result, MigrationMethod method, Measure measure) {
        return Table.told(result.spread(method, measure), measure);
    }
}
