// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.content.Digest;
import java.security.MessageDigest;

/** Counts and digests a stream of bytes. If segments are digested in parallel, this digests their digests. Not thread-safe. */
public final class ByteCount {
    private final MessageDigest sha256 = Digest.newSha256();
    private long bytes;

    /** Adds the first bytes of a buffer. */
    public void add(byte[] buffer, int length) {
        sha256.update(buffer, 0, length);
        bytes += length;
    }

    /** Adds the digest of that many bytes. */
    public void addDigest(byte[] digest, int length) {
        sha256.update(digest);
        bytes += length;
    }

    /** The number of bytes. */
    public long bytes() {
        return bytes;
    }

    /** The digest of all bytes, or of all digests; call it once. */
    public Digest digest() {
        return Digest.of(sha256);
    }
}
