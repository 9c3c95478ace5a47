// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Encrypts or decrypts the chunks of one payload in order. For one thread. */
public final class PayloadCipher {
    /** The length of every chunk but the last. */
    public static final int PLAIN_BYTES = 64 << 10;
    /** The length of a chunk's authentication tag. */
    public static final int TAG_BYTES = 16;
    /** The length of every sealed chunk but the last. */
    public static final int SEALED_BYTES = PLAIN_BYTES + TAG_BYTES;

    private static final int COUNTER_END = 11;

    private final Cipher cipher;
    private final SecretKey key;
    private final byte[] nonce = new byte[COUNTER_END + 1];

    /** For the payload that begins with {@code payloadNonce}. */
    public PayloadCipher(byte[] fileKey, byte[] payloadNonce) {
        byte[] derived = Hkdf.derive(fileKey, payloadNonce, "payload");
        try {
            key = new SecretKeySpec(derived, "ChaCha20");
            cipher = Cipher.getInstance("ChaCha20-Poly1305");
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every JDK has ChaCha20-Poly1305", e);
        } finally {
            Arrays.fill(derived, (byte) 0);
        }
    }

    /** Encrypts the next chunk into {@code sealed}, which must be large enough; returns the encrypted length. */
    public int seal(byte[] plain, int offset, int length, boolean last, byte[] sealed) {
        try {
            int n = start(Cipher.ENCRYPT_MODE, last).doFinal(plain, offset, length, sealed, 0);
            count();
            return n;
        } catch (GeneralSecurityException e) {
            throw new AssertionError("encrypting a chunk cannot fail", e);
        }
    }

    /**
     * Decrypts the next chunk, which is the first {@code length} bytes of {@code sealed}; at the beginning of the array, since
     * the JDK would copy it otherwise.
     *
     * @return its decrypted length, or -1 if it is not the next chunk, or not {@code last} as claimed
     */
    public int open(byte[] sealed, int length, boolean last, byte[] plain, int offset) {
        try {
            int n = start(Cipher.DECRYPT_MODE, last).doFinal(sealed, 0, length, plain, offset);
            count();
            return n;
        } catch (AEADBadTagException e) {
            return -1;
        } catch (GeneralSecurityException e) {
            throw new AssertionError("decrypting a chunk fails in one way only", e);
        }
    }

    private Cipher start(int mode, boolean last) throws GeneralSecurityException {
        nonce[COUNTER_END] = (byte) (last ? 1 : 0);
        cipher.init(mode, key, new IvParameterSpec(nonce));
        return cipher;
    }

    private void count() {
        int digit = COUNTER_END - 1;
        while (++nonce[digit] == 0) {
            digit--;
        }
    }
}
