// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.content.Digest;
import io.vmmig.page.PageSource;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * A bounded part of a content, in decoded and in stored form. Its large buffers are reused, so that a stream of any length allocates
 * nothing. Not thread-safe: one thread at a time owns it and passes it on.
 */
public final class Segment {
    private static final int ZEROS_DIGESTED = Segments.MAX_BYTES;
    private static final byte[] DIGEST_OF_ZEROS = digestOfZeros();

    private final byte[] decoded;
    private final byte[] stored;
    private final Layout layout = new Layout();
    private int decodedLength;
    private int storedLength;
    /** Whether the decoded bytes are zeros that are not yet written to the buffer. */
    private volatile boolean zeros;

    Segment(byte[] decoded, byte[] stored) {
        this.decoded = decoded;
        this.stored = stored;
    }

    /** Returns its buffers for reuse. */
    void dissolve() {
        SpareArrays.give(decoded);
        SpareArrays.give(stored);
    }

    /** The buffer of the decoded bytes, of which the first {@link #decodedLength()} are valid. */
    public byte[] decoded() {
        if (zeros) {
            // Harmless if another thread does the same at the same time.
            Arrays.fill(decoded, 0, decodedLength, (byte) 0);
            zeros = false;
        }
        return decoded;
    }

    /** Makes the segment empty. */
    void clear() {
        zeros = false;
        decodedLength = 0;
        storedLength = 0;
    }

    /** Sets the decoded bytes to {@code length} zeros. They are written to the buffer only if {@link #decoded()} is called. */
    public void zeros(int length) {
        decodedLength = length;
        zeros = true;
    }

    /** Whether the decoded bytes are known to be zeros; if false, they may still be zeros. */
    public boolean zeros() {
        return zeros;
    }

    /** How many decoded bytes there are. */
    public int decodedLength() {
        return decodedLength;
    }

    /** Sets how many decoded bytes there are. */
    public void decodedLength(int length) {
        this.decodedLength = length;
    }

    /** The buffer of the stored bytes, of which the first {@link #storedLength()} are valid. */
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
        return zeros && decodedLength == ZEROS_DIGESTED ? DIGEST_OF_ZEROS.clone() : computed();
    }

    private byte[] computed() {
        MessageDigest sha256 = Digest.newSha256();
        sha256.update(decoded(), 0, decodedLength);
        return sha256.digest();
    }

    private static byte[] digestOfZeros() {
        MessageDigest sha256 = Digest.newSha256();
        byte[] page = new byte[PageSource.PAGE_BYTES];
        for (int i = 0; i < ZEROS_DIGESTED; i += page.length) {
            sha256.update(page);
        }
        return sha256.digest();
    }

    /** The positions of pages in the decoded bytes, as a segmenter found them or a decoder wrote them. */
    Layout layout() {
        return layout;
    }
}
