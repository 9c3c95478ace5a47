// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.Locale;

/**
 * What a host is known by: the SHA-256 of its three public keys ({@link NodeKeys#fingerprint()}), so that whoever has compared
 * it knows all of them.
 *
 * <p>Not a secret. Show it at both hosts and compare, once, before trusting it.
 *
 * @param hex 64 lower-case hex digits
 */
public record Fingerprint(String hex) {
    private static final int GROUP = 4;

    public Fingerprint {
        if (!hex.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("a fingerprint has 64 lower-case hex digits");
        }
    }

    /**
     * Reads a fingerprint as people write it: upper or lower case, in groups of any kind ({@code -}, {@code :} or blanks
     * between them), with or without {@code SHA256:} in front.
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when that does not leave 64 hex digits
     */
    public static Fingerprint parse(String text) throws VmmigException {
        String digits = text.strip()
                .toLowerCase(Locale.ROOT)
                .replaceFirst("^sha256:", "")
                .replaceAll("[-:\\s]", "");
        if (!digits.matches("[0-9a-f]{64}")) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "not a fingerprint: it needs 64 hex digits",
                    "Copy all of it from the other host.");
        }
        return new Fingerprint(digits);
    }

    /** In 16 groups of four digits, to be compared by eye; {@link #parse} reads it. */
    @Override
    public String toString() {
        StringBuilder groups = new StringBuilder();
        for (int i = 0; i < hex.length(); i += GROUP) {
            groups.append(i == 0 ? "" : "-").append(hex, i, i + GROUP);
        }
        return groups.toString();
    }
}
