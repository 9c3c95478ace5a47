// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.readme;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.Checkout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the README shows is what there is. */
class ReadmeTest {
    private static final Path ROOT = Checkout.root();

    private static String read(String file) throws IOException {
        return Files.readString(ROOT.resolve(file));
    }

    private static List<String> find(String regex, String text) {
        return Pattern.compile(regex, Pattern.DOTALL)
                .matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    private static String withoutBlanks(String text) {
        return text.replaceAll("\\s+", "");
    }

    @Test
    void javaCompiles() throws IOException {
        String compiled = withoutBlanks(read("vmmig-lab/src/test/java/io/vmmig/lab/readme/ReadmeSnippets.java"));

        List<String> blocks = find("```java\n(.*?)```", read("README.md"));

        assertThat(blocks).isNotEmpty();
        assertThat(blocks).allSatisfy(block -> assertThat(compiled).contains(withoutBlanks(block)));
    }

    @Test
    void coordinatesAreThoseOfTheBom() throws IOException {
        String readme = read("README.md");
        String bom = read("vmmig-bom/pom.xml");

        List<String> artifacts = find("<artifactId>(.*?)</artifactId>", readme);

        assertThat(artifacts).contains("vmmig-bom");
        assertThat(artifacts)
                .allSatisfy(artifact -> assertThat(bom).contains("<artifactId>" + artifact + "</artifactId>"));
        assertThat(find("<version>(.*?)</version>", readme))
                .isNotEmpty()
                .containsOnly(find("<version>(.*?)</version>", bom).get(0));
    }

    @Test
    void whatItNamesIsThere() throws IOException {
        String readme = read("README.md");
        List<String> files = find("\\]\\(([^)#:]+)\\)", readme);
        List<String> commands = find("\n(?:sudo )?\\./(\\w+)", readme);

        assertThat(commands).contains("demo", "check", "bench");
        assertThat(files).isNotEmpty();
        assertThat(files).allSatisfy(file -> assertThat(ROOT.resolve(file)).exists());
        assertThat(commands).allSatisfy(file -> assertThat(ROOT.resolve(file)).isExecutable());
    }

    @Test
    void itsCommandsAreRunByContinuousIntegration() throws IOException {
        List<String> run = read(".ci/run").lines().map(String::strip).toList();

        List<String> commands = find("\n(\\./[^\n]+)", read("README.md"));

        assertThat(commands).isNotEmpty().allSatisfy(command -> assertThat(run)
                .anyMatch(line -> line.equals(command) || line.startsWith(command + " --part ")));
    }
}
