// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.bench.Figure;
import java.util.List;
import java.util.Locale;

/** All comparisons as one page of HTML. */
final class Report {
    private final Page page = new Page("Moving a running VM: vmmig and the alternatives");

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
        page.paragraph("Every method does the same work: the guest runs at one host, and then the same guest runs at"
                + " the other. " + versions + ", "
                + Runtime.getRuntime().availableProcessors()
                + " processors. Medians, and half of the distance between the smallest and the largest, in percent of the median."
                + " After each move the guest itself was checked: no tick, no record on its disk, and none of its memory was"
                + " lost; otherwise the run would have failed.");
        page.paragraph(
                "Both hosts hold the base image, the kernel and the ramdisk, for every method. Downtime is what the guest's"
                        + " clock lacks. On the wire is all that the two hosts have sent. Δs, Δt and Δr: until the data could be"
                        + " sent, until it had arrived, until the guest continued; vmmig and libvirt's own migration save and restore while"
                        + " they send. Lower bounds for any method that stops the guest: its own bytes through the link, QEMU writing its stream"
                        + " to nowhere, and this machine copying as much memory as the save image has.");
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
                    figure.target(),
                    figure.holds() ? "holds" : "misses");
        }
        page.endTable();
    }

    private void seeds(List<Result> results) {
        List<List<String>> rows = SeedsTable.rows(results);
        if (!rows.isEmpty()) {
            page.heading(2, SeedsTable.TITLE).beginTable(SeedsTable.HEADS.toArray(String[]::new));
            rows.forEach(row -> page.row("", row.toArray(String[]::new)));
            page.endTable().paragraph(SeedsTable.NOTE);
        }
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
        page.beginTable(Columns.heads().toArray(String[]::new));
        result.trials()
                .keySet()
                .forEach(method -> page.row(
                        method.vmmig() ? "ours" : "", Columns.of(result, method).toArray(String[]::new)));
        result.obstacles().forEach((method, why) -> page.row("", method.title(), "not available here: " + why));
        page.endTable();
    }
}
