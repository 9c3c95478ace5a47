// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.error.VmmigException;

/** Decodes stored segments. Thread-safe. */
public interface SegmentDecoder extends AutoCloseable {
    /**
     * Fills the decoded bytes from the untrusted stored ones. Segments may be decoded in any order and concurrently.
     *
     * @throws io.vmmig.error.PackageFormatException when they are not one segment, or one that exceeds its buffer
     * @throws VmmigException when a reference cannot be read
     */
    void decode(Segment segment) throws VmmigException;

    /** Adds the parts of the decoded bytes that come from earlier segments. Called in the order of the package. */
    void complete(Segment segment) throws VmmigException;

    /** Frees native memory, once current calls have returned. */
    @Override
    void close();
}
