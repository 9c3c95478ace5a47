// SPDX-License-Identifier: Apache-2.0
package io.vmmig.json;

/** Which characters foreign text may hold, wherever a person or a log will see it. */
public final class Texts {
    private Texts() {}

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
