// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.PackageFormatException;

/**
 * A way to store a segment. Decoding what was encoded gives the same bytes, and each segment stands on its own, so segments
 * are encoded and decoded in any order and at the same time. Thread-safe.
 */
public interface SegmentCodec extends AutoCloseable {
    /** Fills the stored bytes from the decoded ones. */
    void encode(Segment segment);

    /**
     * Fills the decoded bytes from the stored ones, which may come from anybody.
     *
     * @throws PackageFormatException when they are not one segment, or one that decodes to more than its buffer holds
     */
    void decode(Segment segment) throws PackageFormatException;

    /** Frees native memory, as soon as the calls under way are over. */
    @Override
    void close();
}
