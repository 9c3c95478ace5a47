// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.nio.file.Files;
import java.nio.file.Path;

/** {@code docs/domain-policy.md}: what people wrote, with the tables as they are in force between two marks. */
final class PolicyPage {
    private static final String BEGIN = "<!-- begin: from standard-policy.txt -->\n";
    private static final String END = "<!-- end -->\n";

    private PolicyPage() {}

    /** The page as it should be. */
    static String of(String page) {
        int begin = page.indexOf(BEGIN) + BEGIN.length();
        return page.substring(0, begin) + tables() + page.substring(page.indexOf(END));
    }

    private static String tables() {
        PolicyTable table = PolicyTable.standard();
        StringBuilder text = new StringBuilder("\n| may be there | attributes | text |\n| --- | --- | --- |\n");
        table.rules().forEach((path, rule) -> {
            if (rule.verdict() == ElementRule.Verdict.ALLOW) {
                text.append("| ")
                        .append(code(path + (rule.repeatable() ? "+" : "")))
                        .append(" | ");
                text.append(rule.attributes().entrySet().stream()
                        .map(attribute -> code(attribute.getKey() + '=' + attribute.getValue()))
                        .reduce((a, b) -> a + ' ' + b)
                        .orElse(""));
                text.append(" | ")
                        .append(rule.text() == null ? "" : code(rule.text().toString()))
                        .append(" |\n");
            }
        });
        text.append("\n| left out | because |\n| --- | --- |\n");
        appendReasons(text, table, ElementRule.Verdict.DROP);
        text.append("\n| refused | because |\n| --- | --- |\n");
        appendReasons(text, table, ElementRule.Verdict.REFUSE);
        table.refusals().forEach((value, reason) -> text.append("| ")
                .append(code(value))
                .append(" | ")
                .append(reason)
                .append(" |\n"));
        text.append("\n| form | what it is |\n| --- | --- |\n");
        for (ValueForm form : ValueForm.values()) {
            text.append("| ")
                    .append(code(form.name()))
                    .append(" | ")
                    .append(form.meaning())
                    .append(" |\n");
        }
        return text.append('\n').toString();
    }

    private static void appendReasons(StringBuilder text, PolicyTable table, ElementRule.Verdict verdict) {
        table.rules().forEach((path, rule) -> {
            if (rule.verdict() == verdict) {
                text.append("| ")
                        .append(code(path))
                        .append(" | ")
                        .append(rule.reason())
                        .append(" |\n");
            }
        });
    }

    /** A bar would end the cell, be it in code. */
    private static String code(String text) {
        return '`' + text.replace("|", "\\|") + '`';
    }

    /** Brings a page up to date. */
    public static void main(String[] args) throws Exception {
        Path page = Path.of(args[0]);
        Files.writeString(page, of(Files.readString(page)));
    }
}
