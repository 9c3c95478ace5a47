// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a program to its end. */
public final class Command {
    private final List<String> words;
    private final Map<String, String> environment;

    private Command(List<String> words, Map<String, String> environment) {
        this.words = words;
        this.environment = environment;
    }

    /** The program and its arguments. */
    public static Command of(String... words) {
        return new Command(List.of(words), Map.of());
    }

    /** As before, with this environment variable, and no other of those set here. */
    public Command with(String variable, String value) {
        return new Command(words, Map.of(variable, value));
    }

    /**
     * Its output, without the last line break.
     *
     * @throws LabException when it fails or takes too long; the message ends with the last line that it wrote to stderr
     */
    public String run(Duration atMost) {
        try {
            // Files rather than pipes: a process that outlives the program could keep a pipe open.
            Path out = Files.createTempFile("vmmig-out", "");
            Path err = Files.createTempFile("vmmig-err", "");
            // In case the JVM exits meanwhile.
            out.toFile().deleteOnExit();
            err.toFile().deleteOnExit();
            try {
                int status = run(atMost, out, err);
                if (status != 0) {
                    throw new LabException(words.get(0) + " failed (" + status + "): " + lastLine(err));
                }
                return Files.readString(out).stripTrailing();
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new LabException("could not run " + words.get(0), e);
        }
    }

    private int run(Duration atMost, Path out, Path err) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().putAll(environment);
        Process process = builder.redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        try {
            if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new LabException(words.get(0) + " did not end within " + atMost.toSeconds() + " s");
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String lastLine(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8).stream()
                .filter(line -> !line.isBlank())
                .toList();
        return lines.isEmpty() ? "it did not say why" : lines.get(lines.size() - 1);
    }
}
