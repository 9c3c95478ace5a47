// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The rules by element path, from {@code standard-policy.txt}. Immutable.
 *
 * @param rules the rule of each path
 * @param refusals the reasons for refused values, by path, attribute and value
 */
record PolicyTable(Map<String, ElementRule> rules, Map<String, String> refusals) {
    private static final String DEVICES = "/domain/devices/";
    private static final Pattern LINE = Pattern.compile("(/[^\\s@+]+)(\\+?)(?:@(\\S*))?(?:\\s+(.*))?");
    private static final Pattern CHOICE = Pattern.compile("\\{([^}]+)}");
    private static final Pattern ATTRIBUTE = Pattern.compile("([A-Za-z0-9_]+)=(\\S+)");
    private static final Pattern TEXT = Pattern.compile("\\((\\S+)\\)");

    PolicyTable {
        rules = Collections.unmodifiableMap(new LinkedHashMap<>(rules));
        refusals = Collections.unmodifiableMap(new LinkedHashMap<>(refusals));
    }

    static PolicyTable standard() {
        return parse(standardLines());
    }

    static List<String> standardLines() {
        try (InputStream in = Objects.requireNonNull(PolicyTable.class.getResourceAsStream("standard-policy.txt"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("a resource of this module can be read", e);
        }
    }

    static PolicyTable parse(List<String> lines) {
        Map<String, ElementRule> rules = new LinkedHashMap<>();
        Map<String, String> refusals = new LinkedHashMap<>();
        for (String line : lines) {
            if (!line.isBlank() && !line.startsWith("#")) {
                parse(line, rules, refusals);
            }
        }
        return new PolicyTable(rules, refusals);
    }

    private static void parse(String line, Map<String, ElementRule> rules, Map<String, String> refusals) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a rule: " + line);
        }
        String rest = Objects.requireNonNullElse(matcher.group(4), "");
        for (String path : choices(matcher.group(1))) {
            @Nullable String value = matcher.group(3);
            if (value != null) {
                refusals.put(path + '@' + value, after("refuse", rest, line));
            } else if (rules.put(path, rule(rest, !matcher.group(2).isEmpty(), line)) != null) {
                throw new IllegalArgumentException("a second rule for " + path);
            }
        }
    }

    private static List<String> choices(String path) {
        Matcher choice = CHOICE.matcher(path);
        if (!choice.find()) {
            return List.of(path);
        }
        List<String> all = new ArrayList<>();
        for (String word : choice.group(1).split(",", -1)) {
            all.addAll(choices(path.substring(0, choice.start()) + word + path.substring(choice.end())));
        }
        return all;
    }

    private static String after(String word, String rest, String line) {
        if (!rest.startsWith(word + " ")) {
            throw new IllegalArgumentException("not a rule: " + line);
        }
        return rest.substring(word.length() + 1).strip();
    }

    private static ElementRule rule(String rest, boolean repeatable, String line) {
        for (ElementRule.Verdict verdict : List.of(ElementRule.Verdict.DROP, ElementRule.Verdict.REFUSE)) {
            String word = verdict.name().toLowerCase(java.util.Locale.ROOT);
            if (rest.startsWith(word + " ")) {
                return new ElementRule(verdict, after(word, rest, line), true, Map.of(), null);
            }
        }
        Map<String, AllowedValue> attributes = new LinkedHashMap<>();
        AllowedValue text = null;
        for (String token : rest.isBlank() ? new String[0] : rest.split("\\s+", -1)) {
            Matcher attribute = ATTRIBUTE.matcher(token);
            Matcher content = TEXT.matcher(token);
            if (attribute.matches()) {
                attributes.put(attribute.group(1), AllowedValue.parse(attribute.group(2)));
            } else if (content.matches()) {
                text = AllowedValue.parse(content.group(1));
            } else {
                throw new IllegalArgumentException("not a rule: " + line);
            }
        }
        return new ElementRule(ElementRule.Verdict.ALLOW, "", repeatable, attributes, text);
    }

    /** The rule for elements at that path; empty if unknown. */
    Optional<ElementRule> rule(String path) {
        @Nullable ElementRule exact = rules.get(path);
        if (exact != null || !path.startsWith(DEVICES)) {
            return Optional.ofNullable(exact);
        }
        int child = path.indexOf('/', DEVICES.length());
        return child < 0 ? Optional.empty() : Optional.ofNullable(rules.get(DEVICES + '*' + path.substring(child)));
    }

    /** The specific reason why that value is refused, if there is one. */
    Optional<String> refusal(String path, String attribute, String value) {
        @Nullable String exact = refusals.get(path + '@' + attribute + '=' + value);
        return Optional.ofNullable(exact != null ? exact : refusals.get(path + '@' + attribute));
    }

    PolicyTable with(String path, ElementRule rule) {
        Map<String, ElementRule> more = new LinkedHashMap<>(rules);
        more.put(path, rule);
        return new PolicyTable(more, refusals);
    }
}
