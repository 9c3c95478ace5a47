// SPDX-License-Identifier: Apache-2.0
package io.vmmig.json;

import io.vmmig.error.PackageFormatException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Which characters foreign text may hold, wherever a person or a log will see it. */
public final class Texts {
    private Texts() {}

    /**
     * The text that bytes from anybody are in UTF-8.
     *
     * @param what what they are, for the message
     * @throws PackageFormatException with {@link io.vmmig.error.Problem#PACKAGE_MALFORMED} when they are not UTF-8
     */
    public static String utf8(byte[] bytes, String what) throws PackageFormatException {
        try {
            // A decoder of its own reports bad UTF-8, where a String constructor would replace it.
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw Malformed.because(what + " is not UTF-8", e);
        }
    }

    /** Whether {@code text} is plain throughout. */
    public static boolean isPlain(String text) {
        return text.codePoints().allMatch(Texts::isPlain);
    }

    /** Whether a plain text shows nothing. */
    public static boolean isBlank(String text) {
        return text.codePoints().allMatch(c -> Character.getType(c) == Character.SPACE_SEPARATOR);
    }

    /** Text of one to {@code maxLength} characters, all of them plain, that is as close to {@code text} as that allows. */
    public static String plain(String text, int maxLength) {
        StringBuilder plain = new StringBuilder();
        text.codePoints().map(c -> isPlain(c) ? c : '?').forEach(c -> {
            if (plain.length() + Character.charCount(c) <= maxLength) {
                plain.appendCodePoint(c);
            }
        });
        return plain.isEmpty() ? "?" : plain.toString();
    }

    /** Whether a character shows itself as it is: no control, no line break, no change of direction, no half of a pair. */
    public static boolean isPlain(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
