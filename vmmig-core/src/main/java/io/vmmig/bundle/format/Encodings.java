// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

/** The names of the ways in which content is stored in a package. */
public final class Encodings {
    /** Each segment is one zstd frame (RFC 8878) of a part of the content. */
    public static final String ZSTD = "zstd";

    /** Each segment is one zstd frame of instructions how to rebuild pages. */
    public static final String PAGES = "pages";

    /** The content is one entry, as it is. */
    public static final String PLAIN = "plain";

    private Encodings() {}
}
