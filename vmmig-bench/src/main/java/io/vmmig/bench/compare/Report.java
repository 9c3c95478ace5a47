// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.bench.Figure;
import io.vmmig.lab.host.Link;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** All comparisons as one page of HTML. */
final class Report {
    private final Page page = new Page("Moving a running VM: vmmig and the other ways");

    private Report() {}

    static String of(List<Result> results, List<Figure> figures, String versions) {
        Report report = new Report();
        report.introduce(versions);
        report.figures(figures);
        report.seeds(results);
        results.forEach(report::comparison);
        return report.page.end();
    }

    private void introduce(String versions) {
        page.paragraph(
                "Each way does the whole of the same work: the guest runs at one host, and then the same guest runs at"
                        + " the other. " + versions + ", "
                        + Runtime.getRuntime().availableProcessors()
                        + " processors. Medians, and half of the distance between the smallest and the largest, in percent of the median."
                        + " After each move the guest itself was asked: no tick, no record on its disk, and nothing of its memory was"
                        + " lost, or the run had ended there.");
        page.paragraph(
                "Both hosts hold the base image, the kernel and the ramdisk, in all ways. Downtime is what the guest's"
                        + " clock lacks. On the wire is all that the two hosts have sent. Δs, Δt and Δr: until what is to travel could be"
                        + " sent, until it had travelled, until the guest went on; vmmig and libvirt's own migration save and restore while"
                        + " they send. What no way that stops a guest can be faster than: its own bytes through the link, QEMU writing its stream"
                        + " to nobody, and this machine copying as much memory as there is in the save image.");
    }

    private void figures(List<Figure> figures) {
        if (figures.isEmpty()) {
            return;
        }
        page.heading(2, "Targets").beginTable("", "measured", "target", "");
        for (Figure figure : figures) {
            page.row(
                    figure.holds() ? "" : "misses",
                    figure.what(),
                    String.format(Locale.ROOT, "%.2f", figure.value()),
                    figure.line().contains("≤") ? "≤ " + figure.limit() : "≥ " + figure.limit(),
                    figure.holds() ? "holds" : "misses");
        }
        page.endTable();
    }

    /** What the prototype published, and its way and ours on the guest that is most like theirs. */
    private void seeds(List<Result> results) {
        page.heading(2, "What the prototype published, and now")
                .beginTable(
                        "their guest",
                        "package",
                        "save",
                        "restore",
                        "our guest",
                        "their way here: package",
                        "save",
                        "restore",
                        "vmmig: package",
                        "total");
        for (Seeds seed : Seeds.PUBLISHED) {
            plain(results, seed.closest())
                    .ifPresent(result -> page.row(
                            "",
                            seed.guest(),
                            seed.packageSize(),
                            Seeds.SAVE,
                            Seeds.RESTORE,
                            seed.closest().title(),
                            Measure.WIRE.told(packageBytes(result, Comparison.PROTOTYPE)),
                            told(result, Comparison.PROTOTYPE, Measure.SAVE),
                            told(result, Comparison.PROTOTYPE, Measure.RESTORE),
                            Measure.WIRE.told(packageBytes(result, Comparison.VMMIG)),
                            told(result, Comparison.VMMIG, Measure.TOTAL)));
        }
        page.endTable()
                .paragraph(
                        "They moved other guests on another machine, with base images of 12 to 243 MB; save and restore are"
                                + " the range over all of theirs.");
    }

    private static Optional<Result> plain(List<Result> results, Subject subject) {
        return results.stream()
                .filter(result -> result.comparison().subject() == subject
                        && result.comparison().link().equals(Link.PLAIN))
                .findFirst();
    }

    private static double packageBytes(Result result, Way way) {
        return Spread.of(result.trials(way), trial -> trial.moved().packageBytes())
                .median();
    }

    private static String told(Result result, Way way, Measure measure) {
        return Table.told(result.spread(way, measure), measure);
    }

    private void comparison(Result result) {
        page.heading(2, result.comparison().title())
                .paragraph(String.format(
                        Locale.ROOT,
                        "The link, measured: %.0f Mbit/s, %.1f ms. %d rounds. %s",
                        result.measured().megabitsPerSecond(),
                        result.measured().roundTripMillis(),
                        result.comparison().rounds(),
                        result.prepared().described()));
        for (Measure measure : List.of(Measure.DOWNTIME, Measure.WIRE)) {
            page.heading(3, measure.title()).raw(Bars.of(result, measure));
        }
        List<String> heads = new ArrayList<>(List.of(""));
        for (Measure measure : Measure.values()) {
            heads.add(measure.title());
        }
        for (Limit limit : Limit.values()) {
            heads.add(limit.title());
        }
        page.beginTable(heads.toArray(String[]::new));
        result.trials().keySet().forEach(way -> row(result, way));
        result.obstacles().forEach((way, why) -> page.row("", way.title(), "cannot be gone here: " + why));
        page.endTable();
    }

    private void row(Result result, Way way) {
        List<String> cells = new ArrayList<>(List.of(way.title()));
        for (Measure measure : Measure.values()) {
            cells.add(told(result, way, measure));
        }
        for (Limit limit : Limit.values()) {
            cells.add(limit.distance(result, way));
        }
        page.row(way.vmmig() ? "ours" : "", cells.toArray(String[]::new));
    }
}
