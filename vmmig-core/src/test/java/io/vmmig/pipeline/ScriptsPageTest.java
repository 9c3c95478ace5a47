// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Executable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** "The two scripts" in {@code docs/architecture.md} is true. */
@Tag("once")
class ScriptsPageTest {
    private static final int MOST_LINES = 200;
    private static final int MOST_PARAMETERS = 5;
    /** A comment that is a whole sentence, a call on something, or a new object. */
    private static final Pattern STEP =
            Pattern.compile("// (.+\\.)$|\\b(\\w+(?:\\.\\w+)+)\\(|\\bnew (?:\\w+\\.)*(\\w+)\\(", Pattern.MULTILINE);
    /** What every call on is a step. */
    private static final Set<String> ALL_LISTED = Set.of("setup", "hand", "carried", "transfer", "to", "origin");

    private static Path source(Class<?> script) {
        return Path.of("src/main/java", script.getName().replace('.', '/') + ".java");
    }

    private static List<String> stepsInCode(Class<?> script) throws IOException {
        String code = Files.readString(source(script));
        int begin = code.indexOf(" steps() throws");
        String body = code.substring(begin, code.indexOf("\n    }\n", begin));
        return STEP.matcher(body).results().map(ScriptsPageTest::named).toList();
    }

    private static String named(MatchResult step) {
        return Stream.of(1, 2, 3)
                .map(step::group)
                .filter(name -> name != null)
                .findFirst()
                .orElseThrow();
    }

    /** The sentences of the block, and what its indented lines begin with. */
    private static List<String> stepsOnPage(Class<?> script) throws IOException {
        String page = Files.readString(Path.of("..", "docs", "architecture.md"));
        String[] parts = page.substring(page.indexOf(": `" + script.getSimpleName() + "`\n"))
                .split("```\n", 3);
        List<String> steps = new ArrayList<>();
        for (String line : parts[1].split("\n")) {
            if (line.startsWith(" ")) {
                String step = line.strip().split(" {2,}")[0];
                Pattern.compile("[\\w.]+")
                        .matcher(step)
                        .results()
                        .map(MatchResult::group)
                        .forEach(steps::add);
            } else {
                steps.add(line);
            }
        }
        return steps;
    }

    private static List<String> allListed(List<String> steps) {
        return steps.stream()
                .filter(step -> ALL_LISTED.contains(step.split("\\.")[0]))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(classes = {SourceMigration.class, DestinationMigration.class})
    void thePageHasTheStepsOfTheScriptInTheirOrder(Class<?> script) throws Exception {
        List<String> page = stepsOnPage(script);
        List<String> code = stepsInCode(script);
        assertThat(allListed(page)).isEqualTo(allListed(code)).hasSizeGreaterThan(20);
        assertThat(code).containsSubsequence(page);
        assertThat(page).as("its parts").filteredOn(step -> step.endsWith(".")).hasSizeGreaterThan(2);
    }

    @ParameterizedTest
    @ValueSource(classes = {SourceMigration.class, DestinationMigration.class})
    void aScriptStaysShort(Class<?> script) throws Exception {
        assertThat(Files.readAllLines(source(script))).hasSizeLessThanOrEqualTo(MOST_LINES);
        List<Executable> methods = new ArrayList<>(List.of(script.getDeclaredMethods()));
        methods.addAll(List.of(script.getDeclaredConstructors()));
        assertThat(methods)
                .filteredOn(method -> !method.isSynthetic())
                .isNotEmpty()
                .allSatisfy(method -> assertThat(method.getParameterCount()).isLessThanOrEqualTo(MOST_PARAMETERS));
    }
}
