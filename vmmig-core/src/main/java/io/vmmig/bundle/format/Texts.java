// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

/** Which characters foreign text may hold, wherever a person or a log will see it. */
public final class Texts {
    private Texts() {}

    /** Whether {@code text} is plain throughout. */
    public static boolean isPlain(String text) {
        return text.codePoints().allMatch(Texts::isPlain);
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
