// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.error.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A package, and what any reader of the package format must make of it. They are files in this jar, in {@code
 * io/vmmig/testkit/golden}, whose {@code README.md} says how other programs use them. Immutable.
 *
 * @param name the name of its file, without {@code .vmmig}
 * @param shows what it is there to show, in a few words
 * @param problem what it is to be refused with, or null if it is to be accepted
 * @param contents what it is to unpack to if it is accepted, in its order
 */
public record GoldenPackage(String name, String shows, @Nullable Problem problem, List<Content> contents) {
    private static final String DIRECTORY = "golden/";

    public GoldenPackage {
        contents = List.copyOf(contents);
    }

    /**
     * A content of a package.
     *
     * @param name its name, as in the package's seal
     * @param bytes its size, decoded, in bytes
     * @param sha256 the SHA-256 of its decoded bytes from the first to the last, in lower-case hex
     */
    public record Content(String name, long bytes, String sha256) {}

    /** All of them. */
    public static List<GoldenPackage> all() {
        Map<String, List<Content>> contents = rows("contents.tsv")
                .collect(Collectors.groupingBy(
                        row -> row.get(0),
                        Collectors.mapping(
                                row -> new Content(row.get(1), Long.parseLong(row.get(2)), row.get(3)),
                                Collectors.toCollection(ArrayList::new))));
        return rows("expected.tsv")
                .map(row -> new GoldenPackage(
                        row.get(0),
                        row.get(2),
                        row.get(1).equals("accepted") ? null : Problem.valueOf(row.get(1)),
                        contents.getOrDefault(row.get(0), new ArrayList<>())))
                .toList();
    }

    private static Stream<List<String>> rows(String file) {
        try (InputStream in = resource(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .skip(1)
                    .map(line -> Arrays.asList(line.split("\t", -1)));
        } catch (IOException e) {
            throw new UncheckedIOException("the golden packages cannot be read", e);
        }
    }

    private static InputStream resource(String file) {
        return Objects.requireNonNull(GoldenPackage.class.getResourceAsStream(DIRECTORY + file), file);
    }

    /** Its bytes from the first, to be closed by the caller. */
    public InputStream open() {
        return resource(name + ".vmmig");
    }

    @Override
    public String toString() {
        return name + " \u2192 " + (problem == null ? "accepted" : problem);
    }
}
