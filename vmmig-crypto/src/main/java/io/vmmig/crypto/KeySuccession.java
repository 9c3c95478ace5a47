// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/**
 * A signing key's signed statement that another key replaces it.
 *
 * @param end the first day, in UTC, on which signatures by the previous key are no longer valid; {@link #UNDATED} in a statement
 *     of the first version, which named no day: they are already invalid
 */
record KeySuccession(SignerKey previous, SignerKey next, LocalDate end, String signature) {
    /** How many times a host can renew its keys. */
    static final int MAX = 100;

    static final LocalDate UNDATED = LocalDate.EPOCH;

    static KeySuccession of(KeySet previous, SignerKey next, LocalDate end) {
        SignerKey key = previous.publicKeys().signing();
        return new KeySuccession(key, next, end, Base64Url.encode(previous.signature(message(key, next, end))));
    }

    /** Whether signatures by the previous key are still valid then. */
    boolean countsAt(Instant now) {
        return LocalDate.ofInstant(now, ZoneOffset.UTC).isBefore(end);
    }

    /** Parses the result of {@link #toString} without verifying it. */
    static KeySuccession parse(String text) {
        String[] words = text.split(" ", -1);
        if (words.length != 3 && words.length != 4) {
            throw new IllegalArgumentException("a succession has three or four parts");
        }
        return new KeySuccession(
                SignerKey.read(words[0]),
                SignerKey.read(words[1]),
                words.length == 3 ? UNDATED : date(words[2]),
                words[words.length - 1]);
    }

    private static LocalDate date(String text) {
        try {
            LocalDate date = LocalDate.parse(text);
            if (date.isAfter(UNDATED) && date.toString().equals(text)) {
                return date;
            }
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("a succession names no day", e);
        }
        throw new IllegalArgumentException("a succession names no day after " + UNDATED);
    }

    boolean isSigned() {
        return previous.hasSigned(message(previous, next, end), Base64Url.decode(signature, SignerKey.SIGNATURE_BYTES));
    }

    private static byte[] message(SignerKey previous, SignerKey next, LocalDate end) {
        boolean undated = end.equals(UNDATED);
        String text = "vmmig succession " + (undated ? 1 : 2) + "\n" + previous + "\n" + next + "\n"
                + (undated ? "" : end + "\n");
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public String toString() {
        return previous + " " + next + " " + (end.equals(UNDATED) ? "" : end + " ") + signature;
    }
}
