// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

/** A way to store a segment. Segments are encoded in any order and at the same time. Thread-safe. */
public interface SegmentEncoder extends AutoCloseable {
    /** Fills the stored bytes from the decoded ones. */
    void encode(Segment segment);

    /** Frees native memory, as soon as the calls under way are over. */
    @Override
    void close();
}
