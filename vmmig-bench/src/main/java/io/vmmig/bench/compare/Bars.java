// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.Html;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** A chart of horizontal bars, as SVG. Lengths are linear. */
final class Bars {
    private static final int LABEL = 300;
    private static final int WIDTH = 500;
    private static final int NUMBER = 160;
    private static final int ROW = 26;
    private static final int BAR = 18;
    private static final String OURS = "#2f7fd6";
    private static final String THEIRS = "#9aa5b1";

    private Bars() {}

    /** One measure of each method, best first. */
    static String of(Result result, Measure measure) {
        List<MigrationMethod> methods = result.trials().keySet().stream()
                .sorted(Comparator.comparingDouble(method -> result.median(method, measure)))
                .toList();
        double longest = methods.stream()
                .mapToDouble(method -> result.spread(method, measure).most())
                .max()
                .orElse(1);
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>%s</title>%n",
                LABEL + WIDTH + NUMBER,
                methods.size() * ROW + 4,
                Html.escaped(measure.title())));
        for (int i = 0; i < methods.size(); i++) {
            bar(
                    svg,
                    methods.get(i),
                    result.spread(methods.get(i), measure),
                    measure,
                    Math.max(1, longest),
                    i * ROW + 4);
        }
        return svg.append("</svg>\n").toString();
    }

    private static void bar(
            StringBuilder svg, MigrationMethod method, Spread spread, Measure measure, double longest, int y) {
        double length = Math.max(1, WIDTH * spread.median() / longest);
        int middle = y + BAR / 2;
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>"
                        + "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>"
                        + "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"currentColor\"/>"
                        + "<text x=\"%.1f\" y=\"%d\">%s</text>%n",
                LABEL - 8,
                middle + 4,
                Html.escaped(method.title()),
                LABEL,
                y,
                length,
                BAR,
                method.vmmig() ? OURS : THEIRS,
                LABEL + WIDTH * spread.least() / longest,
                LABEL + WIDTH * spread.most() / longest,
                middle,
                middle,
                LABEL + Math.max(length, WIDTH * spread.most() / longest) + 6,
                middle + 4,
                measure.told(spread.median())));
    }
}
