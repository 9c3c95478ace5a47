// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

/** The names of the encodings of contents in a package. */
public final class Encodings {
    /** Each segment is one zstd frame (RFC 8878) of a part of the content. */
    public static final String ZSTD = "zstd";

    /** Each segment is one zstd frame of instructions for rebuilding pages. */
    public static final String PAGES = "pages";

    /** The content is one entry, unchanged. */
    public static final String PLAIN = "plain";

    private Encodings() {}
}
