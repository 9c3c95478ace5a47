// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.crypto.age.Bech32;
import io.vmmig.crypto.age.X25519;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.Locale;

/**
 * What opens what was sealed for a recipient: an X25519 secret key in the form of the age format (age-encryption.org/v1). A
 * secret, which only {@link #secretText} tells. Immutable and thread-safe.
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
                    Failure.of(
                            Problem.REQUEST_INVALID,
                            "not an identity of age: " + e.getMessage(),
                            "Copy all of it: AGE-SECRET-KEY-1 and 58 characters."),
                    e);
        }
    }

    /** As {@link #parse}, of text that is a part of something else. */
    static AgeIdentity read(String text) {
        return new AgeIdentity(Bech32.decode(PREFIX, text, X25519.BYTES));
    }

    /** Whom it opens for. */
    public AgeRecipient recipient() {
        return recipient;
    }

    /** The secret itself, as {@link #parse} reads it and {@code age -d -i} takes it in a file. */
    public String secretText() {
        return Bech32.encode(PREFIX, secret).toUpperCase(Locale.ROOT);
    }

    /** Not to be changed, nor let out of this package. */
    byte[] secret() {
        return secret;
    }

    /** The recipient, and nothing secret. */
    @Override
    public String toString() {
        return "AgeIdentity[" + recipient + "]";
    }
}
