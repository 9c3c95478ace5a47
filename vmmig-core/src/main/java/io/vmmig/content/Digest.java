// SPDX-License-Identifier: Apache-2.0
package io.vmmig.content;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The SHA-256 of some content, which is how vmmig names content. Written {@code sha256:} and 64 lower-case hex digits.
 *
 * @param hex 64 lower-case hex digits
 */
public record Digest(String hex) {
    private static final String PREFIX = "sha256:";
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

    public Digest {
        if (!HEX.matcher(hex).matches()) {
            throw new IllegalArgumentException("not 64 lower-case hex digits");
        }
    }

    /**
     * Reads what {@link #toString()} writes.
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is anything else
     */
    public static Digest parse(String text) throws VmmigException {
        return read(text)
                .orElseThrow(() -> VmmigException.of(
                        Problem.REQUEST_INVALID,
                        "not a digest: it needs " + PREFIX + " and 64 lower-case hex digits",
                        "Copy it from the report or from sha256sum."));
    }

    /** As {@link #parse}; empty when it is anything else. */
    public static Optional<Digest> read(String text) {
        return isDigest(text) ? Optional.of(new Digest(text.substring(PREFIX.length()))) : Optional.empty();
    }

    /** Whether {@link #parse} would take it. */
    public static boolean isDigest(String text) {
        return text.startsWith(PREFIX)
                && HEX.matcher(text.substring(PREFIX.length())).matches();
    }

    /** The digest that {@code sha256} has come to; resets it. */
    public static Digest of(MessageDigest sha256) {
        return new Digest(HexFormat.of().formatHex(sha256.digest()));
    }

    /** The digest of {@code content}. */
    public static Digest of(byte[] content) {
        MessageDigest sha256 = newSha256();
        sha256.update(content);
        return of(sha256);
    }

    /** A fresh SHA-256 to feed. */
    public static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return PREFIX + hex;
    }
}
