// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.content.Digest;

/**
 * The entry of one content in a seal.
 *
 * @param name the content's name
 * @param encoding how it is stored, one of {@link #ZSTD}, {@link #PAGES} and {@link #PLAIN}
 * @param segments the number of its segments; 0 for one plain entry
 * @param digest the SHA-256 of the decoded content, or, if it is stored as pages, of its segments' SHA-256 digests
 * @param bytes its size, decoded, in bytes
 * @param storedDigest the SHA-256 of its entries' concatenated contents
 * @param storedBytes the size of its entries' contents together, in bytes
 */
public record SealedContent(
        String name, String encoding, long segments, Digest digest, long bytes, Digest storedDigest, long storedBytes) {
    /** Each segment is one zstd frame (RFC 8878) of a part of the content. */
    public static final String ZSTD = "zstd";

    /** Each segment is one zstd frame of instructions for rebuilding pages. */
    public static final String PAGES = "pages";

    /** The content is one entry, unchanged. */
    public static final String PLAIN = "plain";

    /** More would not fit six digits, and {@code cat *} in the shell would misorder them. */
    public static final int MAX_SEGMENTS = 1_000_000;

    /** A content that is stored unchanged in one entry. */
    public static SealedContent plain(String name, byte[] content) {
        ByteCount count = new ByteCount();
        count.add(content, content.length);
        return stored(name, PLAIN, 0, count);
    }

    /** A content that was not decoded. */
    public static SealedContent stored(String name, String encoding, long segments, ByteCount stored) {
        Digest digest = stored.digest();
        return new SealedContent(name, encoding, segments, digest, stored.bytes(), digest, stored.bytes());
    }

    /** Whether another content is stored as the same bytes. */
    boolean isStoredAs(SealedContent other) {
        return encoding.equals(other.encoding)
                && segments == other.segments
                && storedBytes == other.storedBytes
                && storedDigest.equals(other.storedDigest);
    }

    /** A content that is stored in segments. */
    public static SealedContent segmented(
            String name, String encoding, long segments, ByteCount decoded, ByteCount stored) {
        return new SealedContent(
                name, encoding, segments, decoded.digest(), decoded.bytes(), stored.digest(), stored.bytes());
    }
}
