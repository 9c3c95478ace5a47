// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vmmig.bench.Figure;
import io.vmmig.lab.guest.ConsoleLog;
import io.vmmig.lab.host.Continuity;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.Link;
import io.vmmig.lab.host.Measured;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final MigrationMethod ZIP = Comparison.PROTOTYPE;
    private static final MigrationMethod XZ = ByFiles.saved("xz");

    private static Trial trial(long downtime, long total, long wireBytes) {
        Moved moved = new Moved(guest(), 1, 2, 3, wireBytes, Map.of());
        Continuity continuity = new Continuity(ConsoleLog.of(List.of()), ConsoleLog.of(List.of()), true, 0);
        return new Trial(moved, new Meter.Reading(total, wireBytes, new Usage(5, 6, 7)), downtime, continuity);
    }

    private static LabGuest guest() {
        return new LabGuest(null, "guest", null, Path.of("channel"));
    }

    private static Result result(Link link, Trial... ofVmmig) {
        Map<MigrationMethod, List<Trial>> trials = new LinkedHashMap<>();
        trials.put(ZIP, List.of(trial(20_000, 25_000, 40_000_000)));
        trials.put(Comparison.VMMIG, List.of(ofVmmig));
        trials.put(Comparison.VMMIG_BACK, List.of(trial(900, 1_800, 100_000)));
        Prepared prepared = new Prepared(
                Subject.DEBIAN_IDLE,
                new Saved("guest", Path.of("home"), Path.of("image"), Path.of("disk")),
                104_000_000,
                3_000_000,
                300,
                10);
        return new Result(
                new Comparison(Subject.DEBIAN_IDLE, link, List.of(), 1),
                prepared,
                new Measured(20, 100),
                trials,
                Map.of(XZ, "libvirt says: <no>"));
    }

    @Test
    void targetsAreOfTheMedians() {
        Result result = result(
                Link.WAN,
                trial(1_000, 3_000, 12_500_000),
                trial(2_000, 2_000, 12_500_000),
                trial(9_000, 9_000, 12_500_000));

        List<Figure> figures = Targets.of(List.of(result));

        assertThat(figures).hasSize(3);
        // 12.5 MB take a second.
        assertThat(figures.get(0).value()).isCloseTo(3 - 1.15, within(1e-9));
        assertThat(figures.get(0).holds()).isFalse();
        assertThat(figures.get(1).value()).isCloseTo(10, within(1e-9));
        assertThat(figures.get(2).value()).isCloseTo(20_000 / 900.0, within(1e-9));
        assertThat(Targets.of(List.of(result(Link.PLAIN, trial(1, 1, 1))))).isEmpty();
    }

    @Test
    void everyFigureHasItsSpread() {
        Result result = result(Link.PLAIN, trial(1_000, 3_000, 10), trial(1_500, 3_000, 10), trial(1_200, 3_000, 10));

        assertThat(Table.of(result)).contains("1.20 s ±21%");
        assertThat(Markdown.of(List.of(result), List.of(Figure.atMost("seconds", 2, 1))))
                .contains(
                        "| vmmig, default | 1.20 s ±21% | 3.00 s ±0% |",
                        "| – | 4.0 × | 120.0 × | 3 |",
                        "not available here",
                        "| seconds | 2.00 | ≤ 1.0 | MISSES |",
                        "| Fedora | 58.0 MB |");
        assertThat(Limit.STREAM.distance(result, ZIP)).isEqualTo("66.7 ×");
        assertThat(result.toJson()
                        .getAsJsonObject("ways")
                        .getAsJsonObject("vmmig-balanced")
                        .getAsJsonObject("DOWNTIME"))
                .hasToString("{\"median\":1200.0,\"least\":1000.0,\"most\":1500.0}");
    }

    @Test
    void thePageNamesWhatCouldNotRunAndQuotesIt() {
        String page = Report.of(List.of(result(Link.PLAIN, trial(1_000, 3_000, 10))), List.of(), "libvirt 9");

        assertThat(page)
                .contains("virsh save, xz", "not available here: libvirt says: &lt;no&gt;", "58.0 MB", "40.0 MB")
                .doesNotContain("<no>");
    }
}
