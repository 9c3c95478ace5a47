// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import java.util.List;

/** The file key wrapped for one recipient: arguments that say how, and the wrapped key. */
public record Stanza(List<String> words, byte[] body) {
    /** The first argument: the type of wrapping. */
    public String type() {
        return words.get(0);
    }
}
