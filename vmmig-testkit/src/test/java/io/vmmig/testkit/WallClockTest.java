// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No test sleeps, except in the class {@code Await} of its module: a test that sleeps is slow on a good day and wrong on a bad one.
 *
 * <p>No unit test asserts how long something took: on a machine that does other things as well it would fail for no fault of ours. A test
 * awaits a condition, counts, or has a {@code @Timeout} that nothing but a hang reaches. Tests with real guests ({@code *IT}) measure the
 * times that are promised.
 */
@Tag("once")
class WallClockTest {
    private static final String NOW = "System\\s*\\.\\s*(?:nanoTime|currentTimeMillis)\\(\\)";
    private static final Pattern TEXT_OR_COMMENT =
            Pattern.compile("\"(?:\\\\.|[^\"\\\\\\n])*\"|(?s:/\\*.*?\\*/)|//[^\\n]*");
    /** A length of time under a name. */
    private static final Pattern MEASURED =
            Pattern.compile("(\\w+)\\s*=[^=;]*(?:" + NOW + "\\s*-|Duration\\s*\\.\\s*between\\()");

    private static final Pattern ASSERTED =
            Pattern.compile("\\bassert\\w*\\((?s:.*)(?:" + NOW + "|Duration\\s*\\.\\s*between\\()|\\bassertTimeout");

    private static final Pattern SLEEP = Pattern.compile("\\b(?:sleep|parkNanos|parkUntil)\\s*\\(");

    private static String code(String source) {
        return TEXT_OR_COMMENT.matcher(source).replaceAll(" ");
    }

    private static boolean sleeps(String source) {
        return SLEEP.matcher(code(source)).find();
    }

    /** The test sources of all modules whose paths match. */
    private static List<Path> tests(String pattern) throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(".."))) {
            return files.filter(path -> path.toString().matches(".*/src/test/" + pattern))
                    .toList();
        }
    }

    @Test
    void onlyAwaitSleeps() throws IOException {
        List<Path> sleeping = new ArrayList<>();
        for (Path file : tests(".*\\.java")) {
            if (sleeps(Files.readString(file))) {
                sleeping.add(file);
            }
        }
        assertThat(sleeping).isNotEmpty().allSatisfy(file -> assertThat(file.getFileName())
                .hasToString("Await.java"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Thread.sleep(5);",
                "TimeUnit.SECONDS\n.sleep(1);",
                "LockSupport.parkNanos(1);",
                "sleep(SOME_TIME);"
            })
    void aSleepIsFound(String source) {
        assertThat(sleeps(source)).isTrue();
        assertThat(sleeps("// " + source.replace('\n', ' '))).isFalse();
    }

    /** The statements of a source that assert how long something took. */
    private static List<String> offences(String source) {
        String code = code(source);
        List<String> measured = MEASURED.matcher(code)
                .results()
                .map(found -> found.group(1))
                .distinct()
                .toList();
        List<String> offences = new ArrayList<>();
        for (String statement : code.split("[;{}]", -1)) {
            Matcher asserted = ASSERTED.matcher(statement);
            boolean named = measured.stream()
                    .anyMatch(name -> statement.matches("(?s).*\\bassert\\w*\\(\\s*" + name + "\\b.*"));
            if (asserted.find() || named) {
                offences.add(statement.strip().replaceAll("\\s+", " "));
            }
        }
        return offences;
    }

    @Test
    void noUnitTestAssertsHowLongSomethingTook() throws IOException {
        List<String> offences = new ArrayList<>();
        List<Path> tests = tests(".*[^I][^T]\\.java");
        for (Path file : tests) {
            offences(Files.readString(file)).forEach(offence -> offences.add(file + ": " + offence));
        }
        assertThat(tests).hasSizeGreaterThan(200);
        assertThat(offences).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "assertThat(System.nanoTime() - begin).isLessThan(5)",
                "assertThat(Duration.ofNanos(System.nanoTime() - begin))\n  .isLessThan(Duration.ofSeconds(5))",
                "long took = System.currentTimeMillis() - begin; assertThat(took).isLessThan(4)",
                "var took = Duration.between(a, b); run(); assertTrue(took.toMillis() < 4)",
                "assertTimeout(Duration.ofSeconds(1), () -> run())",
                "while (true) { assertThat(System.nanoTime()).isLessThan(deadline); }"
            })
    void suchAStatementIsFound(String source) {
        assertThat(offences(source)).hasSize(1);
    }

    @Test
    void whatIsNoSuchStatementIsNotFound() {
        assertThat(offences("assertThat(estimate.left(40 * SECOND)).isLessThan(Duration.ofSeconds(1))"))
                .as("what was computed")
                .isEmpty();
        assertThat(
                        offences(
                                "// assertThat(System.nanoTime()).isLessThan(5)\n long end = System.nanoTime() + 5;"
                                        + " while (System.nanoTime() - end < 0) { step(); } assertThat(saved.at()).isBetween(then, Instant.now());"))
                .isEmpty();
    }
}
