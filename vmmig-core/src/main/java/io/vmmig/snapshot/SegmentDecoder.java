// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.error.VmmigException;

/** A way to read stored segments. Thread-safe. */
public interface SegmentDecoder extends AutoCloseable {
    /**
     * Fills the decoded bytes from the stored ones, which may come from anybody. Segments are decoded in any order and at the
     * same time.
     *
     * @throws io.vmmig.error.PackageFormatException when they are not one segment, or one that decodes to more than its buffer holds
     * @throws VmmigException when a reference cannot be read
     */
    void decode(Segment segment) throws VmmigException;

    /** Adds to the decoded bytes what comes from segments before. Called in the order of the package. */
    void complete(Segment segment) throws VmmigException;

    /** Frees native memory, as soon as the calls under way are over. */
    @Override
    void close();
}
