// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.VmmigException;
import io.vmmig.xml.BoundedXml;
import io.vmmig.xml.Xml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Attr;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;

/** {@code docs/what-moves.md} is true. */
class WhatMovesTest {
    private static final Path CHECKOUT = Path.of("..");
    private static final Pattern XML_ROW =
            Pattern.compile("\\| (.+?) \\| (domain|os|features|devices) \\| `(.+?)` \\| (carried|refused|named) \\|");
    private static final Pattern TEST_ROW = Pattern.compile("\\| .+? \\| .+? \\| `(\\w+)\\.(\\w+)` \\|");
    /** What a host chooses, wherever it stands. */
    private static final Set<String> CHOSEN_HERE = Set.of("file", "path", "port", "autoport");

    record Row(String what, String where, String xml, String becomes) {
        @Override
        public String toString() {
            return what;
        }
    }

    private static List<String> page() throws IOException {
        return Files.readAllLines(CHECKOUT.resolve("docs/what-moves.md"));
    }

    static Stream<Row> rows() throws IOException {
        return page().stream()
                .map(XML_ROW::matcher)
                .filter(Matcher::matches)
                .map(row -> new Row(row.group(1), row.group(2), row.group(3), row.group(4)));
    }

    @Test
    void noRowIsPassedOver() throws Exception {
        List<String> lines = page();
        String header = "| what | where | XML | becomes |";
        assertThat(rows()).hasSize(lines.size() - lines.indexOf(header) - 2).hasSizeGreaterThan(120);
    }

    /** Everything that the policy knows by name as refused or left out is on the page. */
    @Test
    void whatThePolicyNamesIsThere() throws Exception {
        Set<String> onPage =
                rows().map(row -> row.xml().replaceAll("^<([\\w:-]+).*", "$1")).collect(Collectors.toSet());
        List<String> missing = new ArrayList<>();
        PolicyTable.standard().rules().forEach((path, rule) -> {
            String[] names = path.split("/", -1);
            boolean ofDevice = path.startsWith("/domain/devices/") && names.length == 4;
            boolean ofDomain = path.startsWith("/domain/") && names.length == 3 && !path.equals("/domain/devices");
            if (rule.verdict() != ElementRule.Verdict.ALLOW && (ofDevice || ofDomain)) {
                if (!onPage.contains(names[names.length - 1])) {
                    missing.add(path);
                }
            }
        });
        missing.removeAll(List.of("/domain/bootloader_args", "/domain/idmap"));
        assertThat(missing).isEmpty();
    }

    @Test
    void whatIsToShowItIsThere() throws Exception {
        List<String> missing = new ArrayList<>();
        int rows = 0;
        try (Stream<Path> files = Files.walk(CHECKOUT)) {
            List<Path> tests = files.filter(file -> file.toString().contains("/src/test/")
                            && file.toString().matches(".*(Test|IT)\\.java"))
                    .toList();
            for (String line : page()) {
                Matcher row = TEST_ROW.matcher(line);
                if (row.matches()) {
                    rows++;
                    boolean found = false;
                    for (Path test : tests) {
                        found |= test.endsWith(row.group(1) + ".java")
                                && Files.readString(test).contains("void " + row.group(2) + "(");
                    }
                    if (!found) {
                        missing.add(row.group(1) + '.' + row.group(2));
                    }
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(rows).isGreaterThan(12);
    }

    /** The guest, with one thing more. */
    private static DomainXml with(Row row) throws VmmigException {
        String base = DomainXml.parse(Domains.web1()).text();
        String tag = row.xml().replaceAll("^<([\\w:-]+).*", "$1");
        if (!row.where().equals("devices")) {
            // It may be there once only.
            base = base.replaceAll("(?s)<" + tag + "(\\s[^>]*)?/>", "")
                    .replaceAll("(?s)<" + tag + "(\\s[^>]*)?>.*?</" + tag + ">", "");
        }
        String end = "</" + row.where() + ">";
        String changed = base.contains(end)
                ? base.replaceFirst(end, Matcher.quoteReplacement(row.xml() + end))
                : base.replaceFirst(
                        "<devices>", Matcher.quoteReplacement('<' + row.where() + '>' + row.xml() + end + "<devices>"));
        assertThat(changed).contains(row.xml());
        return DomainXml.parse(changed);
    }

    private static List<DomainChange> changesOfBase() throws VmmigException {
        return Domains.adapted(DomainXml.parse(Domains.web1())).changes();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void becomesOfItWhatThePageSays(Row row) throws Exception {
        DomainXml domain = with(row);
        List<Obstacle> obstacles = DomainPolicy.standard().obstaclesOf(domain);
        if (row.becomes().equals("refused")) {
            assertThat(obstacles).isNotEmpty().allSatisfy(obstacle -> {
                assertThat(obstacle.what()).contains("/domain/");
                assertThat(obstacle.remedy()).isNotBlank();
            });
            return;
        }
        assertThat(obstacles).isEmpty();
        AdaptedDomain adapted = Domains.adapted(domain);
        Element wanted = BoundedXml.parse(row.xml().replaceAll("<t:.*?</t:\\w+>", ""), "a row");
        boolean there = there(adapted.domain(), row.where(), wanted);
        if (row.becomes().equals("carried")) {
            assertThat(there).as(adapted.domain().text()).isTrue();
        } else {
            List<DomainChange> more = new ArrayList<>(adapted.changes());
            if (!List.of("resource", "seclabel").contains(wanted.getTagName())) {
                more.removeAll(changesOfBase());
            }
            assertThat(there).as(adapted.domain().text()).isFalse();
            assertThat(more).as("changes that name it").isNotEmpty();
        }
    }

    private static boolean there(DomainXml domain, String where, Element wanted) throws VmmigException {
        Element parent = where.equals("domain")
                ? domain.root()
                : Xml.child(domain.root(), where).orElseThrow();
        return Xml.children(parent).stream().anyMatch(element -> same(element, wanted));
    }

    /** Whether an element holds another one with all that is in it, but for what hosts choose for themselves. */
    private static boolean same(Element actual, Element wanted) {
        if (!actual.getTagName().equals(wanted.getTagName())) {
            return false;
        }
        NamedNodeMap attributes = wanted.getAttributes();
        for (int i = 0; i < attributes.getLength(); i++) {
            Attr attribute = (Attr) attributes.item(i);
            boolean chosenHere = CHOSEN_HERE.contains(attribute.getName())
                    && !actual.getTagName().equals("target")
                    && !attribute.getValue().matches("[1-9][0-9]*|no");
            if (!chosenHere && !actual.getAttribute(attribute.getName()).equals(attribute.getValue())) {
                return false;
            }
        }
        List<Element> children = Xml.children(wanted);
        return children.isEmpty()
                ? Xml.text(actual).equals(Xml.text(wanted)) || Xml.text(wanted).isEmpty()
                : children.stream()
                        .allMatch(child -> Xml.children(actual).stream().anyMatch(element -> same(element, child)));
    }
}
