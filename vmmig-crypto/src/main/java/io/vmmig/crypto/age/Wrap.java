// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Encrypts a file key under a key that is used only once: ChaCha20-Poly1305 with a nonce of zeros. */
final class Wrap {
    static final int FILE_KEY_BYTES = 16;
    static final int BODY_BYTES = FILE_KEY_BYTES + 16;

    private Wrap() {}

    static byte[] seal(byte[] key, byte[] fileKey) {
        try {
            return cipher(Cipher.ENCRYPT_MODE, key).doFinal(fileKey);
        } catch (GeneralSecurityException e) {
            throw new AssertionError("encrypting a few bytes cannot fail", e);
        }
    }

    /** The file key, or null if it was wrapped under another key. */
    static byte @Nullable [] open(byte[] key, byte[] body) {
        try {
            return cipher(Cipher.DECRYPT_MODE, key).doFinal(body);
        } catch (AEADBadTagException e) {
            return null;
        } catch (GeneralSecurityException e) {
            throw new AssertionError("decrypting a few bytes fails in one way only", e);
        }
    }

    private static Cipher cipher(int mode, byte[] key) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("ChaCha20-Poly1305");
        cipher.init(mode, new SecretKeySpec(key, "ChaCha20"), new IvParameterSpec(new byte[12]));
        return cipher;
    }
}
