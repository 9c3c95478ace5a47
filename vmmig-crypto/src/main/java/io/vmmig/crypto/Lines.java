// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Reads text of labelled lines in a fixed order. Anything else causes an {@link IllegalArgumentException} that does not quote the
 * text.
 */
final class Lines {
    private final List<String> lines;
    private int next;
    private int at;

    private Lines(List<String> lines) {
        this.lines = lines;
    }

    /** From printable ASCII, each line with its end. */
    static Lines of(byte[] text) {
        for (byte b : text) {
            if ((b < ' ' || b > '~') && b != '\n') {
                throw new IllegalArgumentException("it contains something other than plain text");
            }
        }
        if (text.length == 0 || text[text.length - 1] != '\n') {
            throw new IllegalArgumentException("its last line has no end");
        }
        String all = new String(text, 0, text.length - 1, StandardCharsets.US_ASCII);
        return new Lines(List.of(all.split("\n", -1)));
    }

    /** The rest of the next line, which begins with {@code label}. */
    String require(String label) {
        if (!startsWith(label)) {
            throw new IllegalArgumentException("line " + (next + 1) + " does not begin with \"" + label + "\"");
        }
        String line = lines.get(next++);
        at += line.length() + 1;
        return line.substring(label.length());
    }

    /** Whether there is another line, and it begins with {@code label}. */
    boolean startsWith(String label) {
        return next < lines.size() && lines.get(next).startsWith(label);
    }

    /** How many bytes have been read. */
    int position() {
        return at;
    }

    void requireEnd() {
        if (next < lines.size()) {
            throw new IllegalArgumentException("line " + (next + 1) + " does not belong there");
        }
    }
}
