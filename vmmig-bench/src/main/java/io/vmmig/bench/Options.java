// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import java.util.ArrayList;
import java.util.List;

/** The arguments of a command. An argument that no program reads is the user's mistake. */
public final class Options {
    private final List<String> words;

    /** The arguments as given. */
    public Options(List<String> words) {
        this.words = new ArrayList<>(words);
    }

    /** Whether {@code --NAME} is there. */
    public boolean flag(String name) {
        return words.remove("--" + name);
    }

    /** The number after {@code --NAME}, or {@code otherwise}. */
    public long number(String name, long least, long otherwise) {
        int at = words.indexOf("--" + name);
        if (at < 0) {
            return otherwise;
        }
        words.remove(at);
        if (at == words.size() || !words.get(at).matches("\\d{1,15}") || Long.parseLong(words.get(at)) < least) {
            throw new IllegalArgumentException("--" + name + " needs a number from " + least + " on");
        }
        return Long.parseLong(words.remove(at));
    }

    /** The word after {@code --NAME}, or {@code otherwise}. */
    public String word(String name, String otherwise) {
        int at = words.indexOf("--" + name);
        if (at < 0) {
            return otherwise;
        }
        words.remove(at);
        if (at == words.size()) {
            throw new IllegalArgumentException("--" + name + " needs a word");
        }
        return words.remove(at);
    }

    /** Rejects arguments that were not read; call it last. */
    public void requireNoMore() {
        if (!words.isEmpty()) {
            throw new IllegalArgumentException("unknown: " + String.join(" ", words) + "; see ./bench --help");
        }
    }
}
