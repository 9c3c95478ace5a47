// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The allowed values: those of a form, or some words.
 *
 * @param form the form, or null if words are given
 * @param words the words; empty if a form is given
 */
record AllowedValue(@Nullable ValueForm form, List<String> words) {
    AllowedValue {
        words = List.copyOf(words);
    }

    /** Parses an entry of the table: a form in capitals, or words separated by bars. */
    static AllowedValue parse(String text) {
        boolean capitals = text.equals(text.toUpperCase(java.util.Locale.ROOT)) && text.matches("[A-Z]+");
        return capitals
                ? new AllowedValue(ValueForm.valueOf(text), List.of())
                : new AllowedValue(null, List.of(text.split("\\|", -1)));
    }

    static AllowedValue of(ValueForm form) {
        return new AllowedValue(form, List.of());
    }

    boolean fits(String value) {
        return form == null ? words.contains(value) : form.fits(value);
    }

    boolean is(ValueForm other) {
        return form == other;
    }

    boolean chosenHere() {
        return form != null && form.chosenHere();
    }

    /** A description for messages. */
    String meaning() {
        return form == null ? String.join(" or ", words) : form.meaning();
    }

    @Override
    public String toString() {
        return form == null ? String.join("|", words) : form.name();
    }
}
