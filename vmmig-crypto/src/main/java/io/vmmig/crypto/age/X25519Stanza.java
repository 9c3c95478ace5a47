// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import io.vmmig.error.VmmigException;
import java.security.InvalidKeyException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The file key, wrapped for an X25519 recipient. */
public final class X25519Stanza {
    private static final String TYPE = "X25519";
    private static final String INFO = "age-encryption.org/v1/X25519";

    private X25519Stanza() {}

    /** Wraps {@code fileKey} under a fresh key. */
    public static Stanza wrap(byte[] recipient, byte[] fileKey) {
        byte[] ephemeral = X25519.newSecret();
        byte[] share = X25519.publicKey(ephemeral);
        byte[] key;
        try {
            key = wrapKey(X25519.agree(ephemeral, recipient), share, recipient);
        } catch (InvalidKeyException e) {
            throw new IllegalArgumentException("the recipient's key is of low order", e);
        }
        Stanza stanza = new Stanza(List.of(TYPE, Base64Text.encode(share)), Wrap.seal(key, fileKey));
        Arrays.fill(ephemeral, (byte) 0);
        Arrays.fill(key, (byte) 0);
        return stanza;
    }

    /** Refuses a malformed X25519 stanza; ignores other types. */
    public static void check(Stanza stanza) throws VmmigException {
        if (stanza.type().equals(TYPE)) {
            share(stanza);
        }
    }

    /** The file key, or null if {@code stanza} is for another recipient. */
    public static byte @Nullable [] unwrap(Stanza stanza, byte[] secret, byte[] recipient) throws VmmigException {
        if (!stanza.type().equals(TYPE)) {
            return null;
        }
        byte[] share = share(stanza);
        byte[] key;
        try {
            key = wrapKey(X25519.agree(secret, share), share, recipient);
        } catch (InvalidKeyException e) {
            throw AgeErrors.malformed("an X25519 recipient has an ephemeral share of low order");
        }
        byte[] fileKey = Wrap.open(key, stanza.body());
        Arrays.fill(key, (byte) 0);
        return fileKey;
    }

    private static byte[] share(Stanza stanza) throws VmmigException {
        if (stanza.words().size() != 2) {
            throw AgeErrors.malformed("an X25519 recipient has the wrong number of arguments");
        }
        if (stanza.body().length != Wrap.BODY_BYTES) {
            throw AgeErrors.malformed("an X25519 recipient has a body of the wrong length");
        }
        return Base64Text.decode(stanza.words().get(1), X25519.BYTES, "the share of an X25519 recipient");
    }

    private static byte[] wrapKey(byte[] shared, byte[] share, byte[] recipient) {
        byte[] salt = Arrays.copyOf(share, 2 * X25519.BYTES);
        System.arraycopy(recipient, 0, salt, X25519.BYTES, X25519.BYTES);
        byte[] key = Hkdf.derive(shared, salt, INFO);
        Arrays.fill(shared, (byte) 0);
        return key;
    }
}
