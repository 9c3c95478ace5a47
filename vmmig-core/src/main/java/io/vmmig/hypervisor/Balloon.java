// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Memory that a driver in a guest lends to its host. Meanwhile the guest has that much less; the content of lent memory is lost, and reads
 * as zeros. For one thread.
 */
public interface Balloon {
    /** The guest's current memory without what it lends, in bytes. */
    long sizeBytes() throws VmmigException;

    /**
     * Asks the guest how much of its memory is unused, even by caches, in bytes.
     *
     * @param atMost how long to wait for its answer
     * @return empty when it does not answer
     */
    OptionalLong freeBytes(Duration atMost) throws VmmigException;

    /**
     * Asks the driver to lend or take back memory until the guest has {@code bytes}. This takes time, may get stuck halfway, and continues
     * wherever the guest moves; {@link #sizeBytes()} shows the progress.
     */
    void resize(long bytes) throws VmmigException;
}
