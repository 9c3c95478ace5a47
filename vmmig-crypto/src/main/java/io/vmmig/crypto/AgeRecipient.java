// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.crypto.age.Bech32;
import io.vmmig.crypto.age.X25519;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.security.InvalidKeyException;
import java.util.Arrays;

/**
 * A recipient of sealed data: an X25519 public key in the age format (age-encryption.org/v1). Not a secret. Immutable and
 * thread-safe.
 */
public final class AgeRecipient {
    /** The length of the key. */
    static final int BYTES = X25519.BYTES;

    private static final String PREFIX = "age";

    private final byte[] publicKey;

    private AgeRecipient(byte[] publicKey) {
        this.publicKey = publicKey;
    }

    /**
     * Reads what {@code age-keygen} calls a public key: {@code age1…}, 62 characters.
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is anything else, for example because of a typing error
     */
    public static AgeRecipient parse(String text) throws VmmigException {
        try {
            return read(text);
        } catch (IllegalArgumentException e) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "not a recipient of age: " + e.getMessage(),
                    "Copy all of it: age1 and 58 characters.",
                    e);
        }
    }

    /** As {@link #parse}, for text within other data. */
    static AgeRecipient read(String text) {
        return of(Bech32.decode(PREFIX, text, BYTES));
    }

    /** From the 32 bytes of a public key. */
    static AgeRecipient of(byte[] publicKey) {
        if (publicKey.length != BYTES) {
            throw new IllegalArgumentException("an X25519 key has " + BYTES + " bytes");
        }
        try {
            X25519.agree(X25519.newSecret(), publicKey);
        } catch (InvalidKeyException e) {
            throw new IllegalArgumentException("the key is of low order, and would protect nothing", e);
        }
        return new AgeRecipient(publicKey.clone());
    }

    byte[] publicKey() {
        return publicKey.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AgeRecipient that && Arrays.equals(publicKey, that.publicKey);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(publicKey);
    }

    /** In the form that {@link #parse} and {@code age -r} accept. */
    @Override
    public String toString() {
        return Bech32.encode(PREFIX, publicKey);
    }
}
