// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

/** Encodes segments, in any order and concurrently. Thread-safe. */
public interface SegmentEncoder extends AutoCloseable {
    /** Fills the stored bytes from the decoded ones. */
    void encode(Segment segment);

    /** Frees native memory, once current calls have returned. */
    @Override
    void close();
}
