// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An example in a JVM of its own. */
final class Example {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final String name;
    private final Path out;
    private final Path err;
    private final Process process;

    private Example(String name, Path out, Path err, Process process) {
        this.name = name;
        this.out = out;
        this.err = err;
        this.process = process;
    }

    static Example start(Class<?> main, String... arguments) {
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        words.addAll(List.of(arguments));
        try {
            Path directory = Hosts.lab().directory();
            Path out = Files.createTempFile(directory, main.getSimpleName(), ".out");
            Path err = Files.createTempFile(directory, main.getSimpleName(), ".err");
            Process process = new ProcessBuilder(words)
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            return new Example(main.getSimpleName(), out, err, process);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Its output so far, as soon as there is a line that begins so. */
    String awaitLine(String beginning) {
        return Await.answer(name + " to print \"" + beginning + "\"; it says: " + read(err), PATIENCE, () -> read(out)
                .lines()
                .filter(line -> line.startsWith(beginning))
                .findFirst());
    }

    /** Types a line. */
    void say(String line) {
        try {
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new AssertionError(name + " does not listen; it says: " + read(err), e);
        }
    }

    /** All of its output, once it has ended well. */
    String output() {
        assertThat(status()).as(name + " says: " + errors()).isZero();
        return read(out);
    }

    /** All that it wrote to stderr, once it has ended. */
    String errors() {
        status();
        return read(err);
    }

    /** How it ended. */
    int status() {
        try {
            assertThat(process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS))
                    .as("end of " + name)
                    .isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            process.destroyForcibly();
        }
        return process.exitValue();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
