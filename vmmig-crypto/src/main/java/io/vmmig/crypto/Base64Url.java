// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.util.Base64;

/** Base64url as in RFC 7515, without padding; accepts only the canonical form of a value. */
final class Base64Url {
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    private Base64Url() {}

    static String encode(byte[] bytes) {
        return ENCODER.encodeToString(bytes);
    }

    /** Decodes exactly what {@link #encode} writes. */
    static byte[] decode(String text) {
        byte[] bytes = Base64.getUrlDecoder().decode(text);
        if (!encode(bytes).equals(text)) {
            throw new IllegalArgumentException("it is not canonical base64url");
        }
        return bytes;
    }

    static byte[] decode(String text, int length) {
        byte[] bytes = decode(text);
        if (bytes.length != length) {
            throw new IllegalArgumentException("it has " + bytes.length + " bytes instead of " + length);
        }
        return bytes;
    }
}
