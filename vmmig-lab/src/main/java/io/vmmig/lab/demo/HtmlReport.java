// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.lab.Html;
import io.vmmig.lab.Units;
import io.vmmig.lab.host.MoveResult;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The moves as one self-contained HTML page: for each, its figures, what the guest printed, and a timeline. */
final class HtmlReport {
    private static final int WIDTH = 900;
    private static final int LEFT = 40;
    private static final int ROW = 34;
    private static final int BAR = 24;
    private static final int LINES_SHOWN = 4;

    private static final Map<String, String> COLOURS = Map.ofEntries(
            Map.entry("QUEUED", "#d9dde2"),
            Map.entry("PREPARE", "#9aa5b1"),
            Map.entry("CONNECT", "#7b8794"),
            Map.entry("OFFER", "#52606d"),
            Map.entry("BOOT_FILES", "#b8a9c9"),
            Map.entry("SUSPEND", "#d64545"),
            Map.entry("DISKS", "#e9b949"),
            Map.entry("SNAPSHOT", "#2f7fd6"),
            Map.entry("RESTORE", "#8a63d2"),
            Map.entry("COMMIT", "#d97b29"),
            Map.entry("RESUME", "#3aa76d"),
            Map.entry("RETIRE", "#b8c2cc"));

    private static final String HEAD =
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>vmmig demo</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>
            :root { color-scheme: light dark }
            body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2em auto; padding: 0 1em }
            table { border-collapse: collapse; width: 100% }
            th, td { text-align: right; padding: .3em .6em; border-bottom: 1px solid #8884 }
            th:first-child, td:first-child { text-align: left }
            pre { background: #8882; padding: .6em 1em; border-radius: 4px; overflow-x: auto }
            .still { color: #d64545; font-weight: 600 }
            svg { width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: currentColor }
            .legend span { display: inline-block; margin-right: 1em }
            .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .3em; border-radius: 2px }
            </style></head><body>
            <h1>A running VM moves</h1>
            """;

    private final StringBuilder html = new StringBuilder(HEAD);

    private HtmlReport() {}

    static String of(List<MoveResult> results) {
        HtmlReport report = new HtmlReport();
        report.summary(results);
        report.legend();
        results.forEach(report::move);
        return report.html.append("</body></html>\n").toString();
    }

    private void summary(List<MoveResult> results) {
        html.append("<table><tr><th>move<th>memory<th>package<th>downtime<th>total<th>ticks lost<th>repeated")
                .append("<th>disk records lost<th>memory intact</tr>\n");
        for (MoveResult p : results) {
            html.append("<tr><td>").append(title(p));
            for (Object cell : List.of(
                    Units.bytes(p.saveImageBytes()),
                    Units.bytes(p.packageBytes()),
                    Units.millis(p.downtimeMillis()),
                    Units.millis(p.totalMillis()),
                    p.across().ticksLost(),
                    p.across().ticksRepeated(),
                    p.diskRecordsLost(),
                    p.memoryIntact() ? "yes" : "no")) {
                html.append("<td>").append(cell);
            }
            html.append("</tr>\n");
        }
        html.append("</table>\n");
    }

    private void legend() {
        html.append("<p class=\"legend\">");
        for (io.vmmig.error.Phase phase : io.vmmig.error.Phase.values()) {
            html.append("<span><i style=\"background:")
                    .append(COLOURS.get(phase.name()))
                    .append("\"></i>");
            html.append(phase.name().toLowerCase(Locale.ROOT)).append("</span>");
        }
        html.append("</p>\n");
    }

    private void move(MoveResult result) {
        html.append("<h2>").append(title(result)).append("</h2>\n");
        timeline(result);
        html.append("<pre>");
        result.lastLines(LINES_SHOWN)
                .forEach(line -> printed(result.left().host().name(), line));
        html.append("<span class=\"still\">— it stood still for ")
                .append(Units.millis(result.downtimeMillis()))
                .append(" —</span>\n");
        result.firstLines(LINES_SHOWN)
                .forEach(line -> printed(result.arrived().host().name(), line));
        html.append("</pre>\n");
    }

    private void printed(String host, String line) {
        html.append(Html.escaped(host)).append(" | ").append(Html.escaped(line)).append('\n');
    }

    private void timeline(MoveResult result) {
        Instant start = instant(result.sent(), "startedAt");
        long end = Math.max(1, Math.max(end(result.sent(), start), end(result.received(), start)));
        html.append("<svg viewBox=\"0 0 ").append(WIDTH + LEFT).append(" 110\" role=\"img\">\n");
        still(result, start, end);
        row(result.left().host().name(), result.sent(), start, end, 0);
        row(result.arrived().host().name(), result.received(), start, end, 1);
        html.append("<text x=\"").append(LEFT).append("\" y=\"104\">0</text><text text-anchor=\"end\" x=\"");
        html.append(WIDTH + LEFT)
                .append("\" y=\"104\">")
                .append(Units.millis(end))
                .append("</text></svg>\n");
    }

    /** Shades the downtime. */
    private void still(MoveResult result, Instant start, long end) {
        double from = x(millis(start, instant(result.sent(), "suspendedAt")), end);
        double width = Math.max(1, (double) WIDTH * result.downtimeMillis() / end);
        html.append(String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"88\" fill=\"#d64545\" opacity=\".15\"/>"
                        + "<text x=\"%.1f\" y=\"86\" text-anchor=\"middle\">downtime %s</text>%n",
                from,
                width,
                from + width / 2,
                Units.millis(result.downtimeMillis())));
    }

    private void row(String host, JsonObject report, Instant start, long end, int number) {
        long offset = millis(start, instant(report, "startedAt"));
        int y = 4 + number * ROW;
        html.append(
                String.format(Locale.ROOT, "<text x=\"0\" y=\"%d\">%s</text>%n", y + BAR / 2 + 4, Html.escaped(host)));
        for (JsonElement element : report.getAsJsonArray("phases")) {
            JsonObject phase = element.getAsJsonObject();
            long length = phase.get("lengthMillis").getAsLong();
            String name = phase.get("phase").getAsString();
            html.append(String.format(
                    Locale.ROOT,
                    "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"><title>%s %s</title></rect>%n",
                    x(offset + phase.get("startMillis").getAsLong(), end),
                    y,
                    Math.max(1, (double) WIDTH * length / end),
                    BAR,
                    COLOURS.getOrDefault(name, "#888"),
                    name.toLowerCase(Locale.ROOT),
                    Units.millis(length)));
        }
    }

    private static double x(long millis, long end) {
        return LEFT + (double) WIDTH * millis / end;
    }

    private static long end(JsonObject report, Instant start) {
        return millis(start, instant(report, "startedAt"))
                + report.get("totalMillis").getAsLong();
    }

    private static long millis(Instant from, Instant to) {
        return Duration.between(from, to).toMillis();
    }

    private static Instant instant(JsonObject report, String key) {
        return Instant.parse(report.get(key).getAsString());
    }

    private static String title(MoveResult result) {
        return Html.escaped(result.left().host() + " → " + result.arrived().host())
                + (result.via().equals("tls") ? " over TLS" : " through a file");
    }
}
