// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import java.security.SecureRandom;

/** The key of one file, from which all other keys are derived. */
public final class FileKey {
    /** The length of the nonce that the payload begins with. */
    public static final int NONCE_BYTES = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    private FileKey() {}

    /** A new file key. The caller wipes it. */
    public static byte[] make() {
        return random(Wrap.FILE_KEY_BYTES);
    }

    /** A nonce for a new payload. */
    public static byte[] makeNonce() {
        return random(NONCE_BYTES);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        RANDOM.nextBytes(bytes);
        return bytes;
    }
}
