// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import java.util.List;

/** The file key as one recipient finds it: words that say how it is wrapped, and the wrapped key. */
public record Stanza(List<String> words, byte[] body) {
    /** The first of the words: how it is wrapped. */
    public String type() {
        return words.get(0);
    }
}
