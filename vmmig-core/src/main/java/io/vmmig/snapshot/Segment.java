// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.Digest;
import java.security.MessageDigest;

/**
 * A bounded part of some content, decoded and as it is stored. Its buffers are large and are used again and again, so that a
 * stream of any length allocates nothing. Not thread-safe: whoever has it hands it on.
 */
public final class Segment {
    private final byte[] decoded;
    private final byte[] stored;
    private final Layout layout = new Layout();
    private final ContentPages pages = new ContentPages();
    private int decodedLength;
    private int storedLength;

    Segment(byte[] decoded, byte[] stored) {
        this.decoded = decoded;
        this.stored = stored;
    }

    /** Leaves its buffers to others. */
    void dissolve() {
        SpareArrays.give(decoded);
        SpareArrays.give(stored);
    }

    /** The buffer of the decoded bytes, of which {@link #decodedLength()} count. */
    public byte[] decoded() {
        return decoded;
    }

    /** How many decoded bytes there are. */
    public int decodedLength() {
        return decodedLength;
    }

    /** Sets how many decoded bytes there are. */
    public void decodedLength(int length) {
        this.decodedLength = length;
    }

    /** The buffer of the stored bytes, of which {@link #storedLength()} count. */
    public byte[] stored() {
        return stored;
    }

    /** How many stored bytes there are. */
    public int storedLength() {
        return storedLength;
    }

    /** Sets how many stored bytes there are. */
    public void storedLength(int length) {
        this.storedLength = length;
    }

    /** The SHA-256 of the decoded bytes. */
    public byte[] digest() {
        MessageDigest sha256 = Digest.newSha256();
        sha256.update(decoded, 0, decodedLength);
        return sha256.digest();
    }

    /** Where the pages are among the decoded bytes, as a cutter found them. */
    Layout layout() {
        return layout;
    }

    /** Where the pages are among the decoded bytes, as a decoder put them there. */
    ContentPages pages() {
        return pages;
    }
}
