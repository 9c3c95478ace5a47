// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab;

/** Text in pages of HTML. */
public final class Html {
    private Html() {}

    /** The text, escaped for use between tags. */
    public static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
