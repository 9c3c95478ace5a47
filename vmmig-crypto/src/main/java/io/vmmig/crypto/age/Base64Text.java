// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import io.vmmig.error.PackageFormatException;
import java.util.Base64;

/** Base64 as in age: without padding, and only the canonical form of a value. */
final class Base64Text {
    private static final Base64.Encoder ENCODER = Base64.getEncoder().withoutPadding();

    private Base64Text() {}

    static String encode(byte[] bytes) {
        return ENCODER.encodeToString(bytes);
    }

    static byte[] decode(String text, String what) throws PackageFormatException {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw AgeErrors.malformed(what + " is not base64");
        }
        if (!encode(bytes).equals(text)) {
            throw AgeErrors.malformed(what + " is not canonical base64");
        }
        return bytes;
    }

    static byte[] decode(String text, int length, String what) throws PackageFormatException {
        byte[] bytes = decode(text, what);
        if (bytes.length != length) {
            throw AgeErrors.malformed(what + " has " + bytes.length + " bytes instead of " + length);
        }
        return bytes;
    }
}
