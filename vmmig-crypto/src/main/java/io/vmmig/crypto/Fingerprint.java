// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.Locale;

/**
 * Identifies a host: the SHA-256 of its three public keys ({@link NodeKeys#fingerprint()}). Comparing it verifies all of them.
 *
 * <p>Not a secret. Show it at both hosts and compare it once before you trust it.
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
     * Parses a fingerprint as people write it: upper or lower case, grouped by {@code -}, {@code :} or blanks or not, with or
     * without the prefix {@code SHA256:}.
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it does not have 64 hex digits
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

    /** In 16 groups of four digits, for people to compare; {@link #parse} reads it. */
    @Override
    public String toString() {
        StringBuilder groups = new StringBuilder();
        for (int i = 0; i < hex.length(); i += GROUP) {
            groups.append(i == 0 ? "" : "-").append(hex, i, i + GROUP);
        }
        return groups.toString();
    }
}
