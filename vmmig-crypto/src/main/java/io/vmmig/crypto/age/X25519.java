// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.SecureRandom;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import javax.crypto.KeyAgreement;

/** The function X25519 of RFC 7748, on bytes. */
public final class X25519 {
    /** The length of a secret, of a public key, and of a shared secret. */
    public static final int BYTES = 32;

    private static final String NAME = "X25519";
    private static final SecureRandom RANDOM = new SecureRandom();

    private X25519() {}

    /** A new secret. */
    public static byte[] newSecret() {
        byte[] secret = new byte[BYTES];
        RANDOM.nextBytes(secret);
        return secret;
    }

    /** The public key of {@code secret}. */
    public static byte[] publicKey(byte[] secret) {
        byte[] base = new byte[BYTES];
        base[0] = 9;
        try {
            return agree(secret, base);
        } catch (InvalidKeyException e) {
            throw new AssertionError("the base point is a good one", e);
        }
    }

    /**
     * The shared secret of a secret and a public key.
     *
     * @throws InvalidKeyException when the public key is of low order, so that the result would be the same for every secret
     */
    public static byte[] agree(byte[] secret, byte[] publicKey) throws InvalidKeyException {
        try {
            KeyFactory keys = KeyFactory.getInstance(NAME);
            KeyAgreement agreement = KeyAgreement.getInstance(NAME);
            agreement.init(keys.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, secret)));
            agreement.doPhase(
                    keys.generatePublic(new XECPublicKeySpec(NamedParameterSpec.X25519, coordinate(publicKey))), true);
            byte[] shared = agreement.generateSecret();
            int ones = 0;
            for (byte b : shared) {
                ones |= b;
            }
            if (ones == 0) {
                throw new InvalidKeyException("the public key is of low order");
            }
            return shared;
        } catch (InvalidKeyException e) {
            throw e;
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every JDK has X25519", e);
        }
    }

    /** Little endian; the highest bit is ignored. */
    private static BigInteger coordinate(byte[] publicKey) {
        byte[] bigEndian = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            bigEndian[i] = publicKey[BYTES - 1 - i];
        }
        bigEndian[0] &= 0x7f;
        return new BigInteger(1, bigEndian);
    }
}
