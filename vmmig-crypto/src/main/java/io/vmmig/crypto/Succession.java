// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/**
 * One signing key's word that another one has taken its place.
 *
 * @param end the first day, in UTC, on which signatures by the former key count no more; {@link #UNDATED} in a word of the first
 *     version, which named no day: they count no more already
 */
record Succession(SignerKey former, SignerKey next, LocalDate end, String signature) {
    /** How often a host can renew its keys. */
    static final int MAX = 100;

    static final LocalDate UNDATED = LocalDate.EPOCH;

    static Succession of(KeySet former, SignerKey next, LocalDate end) {
        SignerKey key = former.publicKeys().signing();
        return new Succession(key, next, end, Base64Url.encode(former.signature(message(key, next, end))));
    }

    /** Whether signatures by the former key still count then. */
    boolean countsAt(Instant now) {
        return LocalDate.ofInstant(now, ZoneOffset.UTC).isBefore(end);
    }

    /** Reads what {@link #toString} writes, and believes none of it. */
    static Succession parse(String text) {
        String[] words = text.split(" ", -1);
        if (words.length != 3 && words.length != 4) {
            throw new IllegalArgumentException("a succession has three or four parts");
        }
        return new Succession(
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
        return former.hasSigned(message(former, next, end), Base64Url.decode(signature, SignerKey.SIGNATURE_BYTES));
    }

    private static byte[] message(SignerKey former, SignerKey next, LocalDate end) {
        boolean undated = end.equals(UNDATED);
        String text = "vmmig succession " + (undated ? 1 : 2) + "\n" + former + "\n" + next + "\n"
                + (undated ? "" : end + "\n");
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public String toString() {
        return former + " " + next + " " + (end.equals(UNDATED) ? "" : end + " ") + signature;
    }
}
