// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HKDF-SHA-256 (RFC 5869) for 32 bytes, which takes one round; the JDK has it only since 25. */
final class Hkdf {
    private static final int HASH_BYTES = 32;

    private Hkdf() {}

    static byte[] derive(byte[] secret, byte[] salt, String info) {
        byte[] extracted = hmac(salt.length == 0 ? new byte[HASH_BYTES] : salt, secret);
        byte[] label = info.getBytes(StandardCharsets.US_ASCII);
        byte[] round = Arrays.copyOf(label, label.length + 1);
        round[label.length] = 1;
        byte[] derived = hmac(extracted, round);
        Arrays.fill(extracted, (byte) 0);
        return derived;
    }

    static byte[] hmac(byte[] key, byte[] message) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(message);
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every JDK has HmacSHA256", e);
        }
    }
}
