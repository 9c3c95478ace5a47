// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.crypto.age.Bech32;
import io.vmmig.crypto.age.X25519;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.Locale;

/**
 * The secret key of an {@link AgeRecipient}, which decrypts what was sealed for it: an X25519 key in the age format
 * (age-encryption.org/v1). Only {@link #secretText} reveals it. Immutable and thread-safe.
 */
public final class AgeIdentity {
    private static final String PREFIX = "age-secret-key-";

    private final byte[] secret;
    private final AgeRecipient recipient;

    private AgeIdentity(byte[] secret) {
        this.secret = secret;
        this.recipient = AgeRecipient.of(X25519.publicKey(secret));
    }

    /** A new one. */
    public static AgeIdentity generate() {
        return new AgeIdentity(X25519.newSecret());
    }

    /**
     * Reads what {@code age-keygen} writes: {@code AGE-SECRET-KEY-1…}, 74 characters.
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is anything else; the message does not quote it
     */
    public static AgeIdentity parse(String text) throws VmmigException {
        try {
            return read(text);
        } catch (IllegalArgumentException e) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "not an identity of age: " + e.getMessage(),
                    "Copy all of it: AGE-SECRET-KEY-1 and 58 characters.",
                    e);
        }
    }

    /** As {@link #parse}, for text within other data. */
    static AgeIdentity read(String text) {
        return new AgeIdentity(Bech32.decode(PREFIX, text, X25519.BYTES));
    }

    /** The recipient that it belongs to. */
    public AgeRecipient recipient() {
        return recipient;
    }

    /** The secret itself, as {@link #parse} reads it and {@code age -d -i} takes it in a file. */
    public String secretText() {
        return Bech32.encode(PREFIX, secret).toUpperCase(Locale.ROOT);
    }

    /** The key itself; must not be changed, nor leave this package. */
    byte[] secret() {
        return secret;
    }

    /** The recipient, without the secret. */
    @Override
    public String toString() {
        return "AgeIdentity[" + recipient + "]";
    }
}
