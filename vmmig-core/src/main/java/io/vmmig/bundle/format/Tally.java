// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.content.Digest;
import java.security.MessageDigest;

/**
 * Counts and digests bytes as they pass. Where segments are digested side by side, what is digested here are their digests.
 * Not thread-safe.
 */
final class Tally {
    private final MessageDigest sha256 = Digest.newSha256();
    private long bytes;

    void add(byte[] buffer, int length) {
        sha256.update(buffer, 0, length);
        bytes += length;
    }

    void addDigest(byte[] digest, int length) {
        sha256.update(digest);
        bytes += length;
    }

    long bytes() {
        return bytes;
    }

    /** The digest of all bytes, or of all digests; to be called once. */
    Digest digest() {
        return Digest.of(sha256);
    }
}
