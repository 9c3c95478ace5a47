// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.json.Texts;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The forms of values in untrusted XML. */
enum ValueForm {
    NUMBER("a whole number", "-?[0-9]{1,20}"),
    SMALL("a number of at most 3 digits", "[0-9]{1,3}"),
    HEX("a number, decimal or hexadecimal", "(0x)?[0-9a-fA-F]{1,16}"),
    WORD("letters, digits and _ . : + -, at most 128", "[A-Za-z0-9_.:+-]{1,128}"),
    LIST("numbers and ranges, such as 0-3,^2", "[0-9,^-]{1,4096}"),
    UUID("a UUID", "[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}"),
    MAC("a MAC address", "[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}"),
    PORT("numbers with dots between them", "[0-9]{1,3}(\\.[0-9]{1,3}){0,8}"),
    ZONE("the name of a time zone, which is not a path on its host", "[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,3}"),
    PLAIN("one line of text without control characters, at most 8192", ValueForm::isPlainLine),
    LINES("text without control characters but line breaks, at most 65536", ValueForm::isPlainLines),
    ALLOWED("one line of text that is not an absolute path", text -> isPlainLine(text) && !text.startsWith("/")),
    /** Replaced on arrival, so nothing from the package remains. */
    NETWORK("a bridge or network, which the destination replaces", ValueForm::isPlainLine, true),
    PATH("an absolute path, which the destination replaces", ValueForm::isAbsolute, true),
    PASSWORD("a password, which the destination replaces by one that admits nobody", text -> true, true),
    DROP("anything: it is dropped", text -> true);

    private static final int MAX_LINE = 8192;
    private static final int MAX_LINES = 65536;

    private final String meaning;
    private final Predicate<String> fits;
    private final boolean chosenHere;

    ValueForm(String meaning, String pattern) {
        this(meaning, Pattern.compile(pattern).asMatchPredicate());
    }

    ValueForm(String meaning, Predicate<String> fits) {
        this(meaning, fits, false);
    }

    ValueForm(String meaning, Predicate<String> fits, boolean chosenHere) {
        this.meaning = meaning;
        this.fits = fits;
        this.chosenHere = chosenHere;
    }

    /** A description for messages. */
    String meaning() {
        return meaning;
    }

    /** Whether the destination replaces such values. */
    boolean chosenHere() {
        return chosenHere;
    }

    boolean fits(String value) {
        return fits.test(value);
    }

    private static boolean isPlainLine(String text) {
        return text.length() <= MAX_LINE && Texts.isPlain(text);
    }

    private static boolean isPlainLines(String text) {
        return text.length() <= MAX_LINES
                && text.codePoints().allMatch(c -> c == '\n' || c == '\t' || Texts.isPlain(c));
    }

    private static boolean isAbsolute(String text) {
        return text.startsWith("/") && isPlainLine(text);
    }
}
