// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;

/** Identifies a signer: an Ed25519 public key (RFC 8032). Not a secret. Immutable and thread-safe. */
public final class SignerKey {
    /** The length of the key. */
    static final int BYTES = 32;
    /** The length of a signature. */
    static final int SIGNATURE_BYTES = 64;

    /** The prefix that makes the key a SubjectPublicKeyInfo (RFC 8410). */
    private static final byte[] INFO = HexFormat.of().parseHex("302a300506032b6570032100");

    private final byte[] raw;
    private final PublicKey key;

    private SignerKey(byte[] raw) {
        this.raw = raw;
        byte[] info = Arrays.copyOf(INFO, INFO.length + BYTES);
        System.arraycopy(raw, 0, info, INFO.length, BYTES);
        try {
            key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(info));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("not an Ed25519 key", e);
        }
    }

    /**
     * Reads what {@link #toString} writes.
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is anything else
     */
    public static SignerKey parse(String text) throws VmmigException {
        try {
            return read(text);
        } catch (IllegalArgumentException e) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "not the public key of a signer: " + e.getMessage(),
                    "Copy all of it: 43 letters, digits, hyphens and underscores.",
                    e);
        }
    }

    /** As {@link #parse}, for text within other data. */
    static SignerKey read(String text) {
        return of(Base64Url.decode(text, BYTES));
    }

    /** From the 32 bytes of a public key. */
    static SignerKey of(byte[] raw) {
        if (raw.length != BYTES) {
            throw new IllegalArgumentException("an Ed25519 key has " + BYTES + " bytes");
        }
        return new SignerKey(raw.clone());
    }

    byte[] raw() {
        return raw.clone();
    }

    /** The key as a SubjectPublicKeyInfo in DER, for other tools. A new array each time. */
    public byte[] encoded() {
        return key.getEncoded();
    }

    boolean hasSigned(byte[] message, byte[] signature) {
        if (signature.length != SIGNATURE_BYTES) {
            return false;
        }
        try {
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(key);
            verifier.update(message);
            return verifier.verify(signature);
        } catch (SignatureException | InvalidKeyException e) {
            // The key is not a point on the curve, or the signature is out of range.
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK does not support Ed25519", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SignerKey that && Arrays.equals(raw, that.raw);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(raw);
    }

    /** The 32 bytes in base64url, as the {@code x} of a JSON Web Key (RFC 8037) has them. */
    @Override
    public String toString() {
        return Base64Url.encode(raw);
    }
}
