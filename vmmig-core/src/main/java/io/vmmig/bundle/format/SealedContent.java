// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.content.Digest;

/**
 * What a seal says about one content.
 *
 * @param name the content's name
 * @param encoding how it is stored, as {@link Encodings} names it
 * @param segments in how many segments it is stored; 0 for one plain entry
 * @param digest the SHA-256 of the decoded content, or, where that is stored as pages, of its segments' SHA-256 digests
 * @param bytes its size, decoded, in bytes
 * @param storedDigest the SHA-256 of all that its entries hold, one after the other
 * @param storedBytes the size of all that its entries hold, in bytes
 */
public record SealedContent(
        String name, String encoding, long segments, Digest digest, long bytes, Digest storedDigest, long storedBytes) {
    /** More segments do not fit six digits, and {@code cat} in the shell would put them in the wrong order. */
    public static final int MAX_SEGMENTS = 1_000_000;

    /** A content that is stored as it is, in one entry. */
    public static SealedContent plain(String name, byte[] content) {
        ByteCount count = new ByteCount();
        count.add(content, content.length);
        return stored(name, Encodings.PLAIN, 0, count);
    }

    /** A content of which only what is stored is known. */
    public static SealedContent stored(String name, String encoding, long segments, ByteCount stored) {
        Digest digest = stored.digest();
        return new SealedContent(name, encoding, segments, digest, stored.bytes(), digest, stored.bytes());
    }

    /** Whether another content is stored as the same bytes, whatever these decode to. */
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
