// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.Html;

/** A self-contained HTML page. */
final class Page {
    private static final String HEAD =
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>%1$s</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>
            :root { color-scheme: light dark }
            body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em }
            table { border-collapse: collapse; width: 100%%; font-size: 13px }
            th, td { text-align: right; padding: .25em .5em; border-bottom: 1px solid #8884; white-space: nowrap }
            th:first-child, td:first-child { text-align: left; white-space: normal }
            small { opacity: .7 } .ours td { font-weight: 600 } .misses td { color: #d64545 }
            svg { width: 100%%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: currentColor }
            div { overflow-x: auto }
            </style></head><body>
            <h1>%1$s</h1>
            """;

    private final StringBuilder html = new StringBuilder();

    Page(String title) {
        html.append(HEAD.formatted(Html.escaped(title)));
    }

    Page heading(int level, String text) {
        html.append("<h%d>%s</h%1$d>%n".formatted(level, Html.escaped(text)));
        return this;
    }

    Page paragraph(String text) {
        html.append("<p>").append(Html.escaped(text)).append("</p>\n");
        return this;
    }

    /** Trusted SVG or HTML. */
    Page raw(String markup) {
        html.append(markup);
        return this;
    }

    Page beginTable(String... heads) {
        html.append("<div><table>");
        return row("", "th", heads);
    }

    /** A row of a table; {@code style} is a class of the style sheet, or empty. */
    Page row(String style, String... cells) {
        return row(style, "td", cells);
    }

    private Page row(String style, String tag, String... cells) {
        html.append(style.isEmpty() ? "<tr>" : "<tr class=\"" + style + "\">");
        for (String cell : cells) {
            html.append('<').append(tag).append('>').append(Html.escaped(cell));
        }
        html.append("</tr>\n");
        return this;
    }

    Page endTable() {
        html.append("</table></div>\n");
        return this;
    }

    String end() {
        return html + "</body></html>\n";
    }
}
