// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Memory that a driver in a guest lends to its host. The guest has so much less to work with meanwhile; what was in it is lost,
 * and reads as zeros. For one thread.
 */
public interface Balloon {
    /** How much memory the guest has at this moment, without what it lends, in bytes. */
    long sizeBytes() throws VmmigException;

    /**
     * Asks the guest how much of its memory holds nothing, not even caches, in bytes.
     *
     * @param atMost how long to wait for its answer
     * @return empty when it does not answer
     */
    OptionalLong freeBytes(Duration atMost) throws VmmigException;

    /**
     * Asks the driver to lend, or to take back, as much as leaves the guest {@code bytes}. It takes its time, may get stuck
     * halfway, and goes on with it wherever the guest goes: {@link #sizeBytes()} tells how far it is.
     */
    void resize(long bytes) throws VmmigException;
}
