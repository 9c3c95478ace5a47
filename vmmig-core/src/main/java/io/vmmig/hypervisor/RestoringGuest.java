// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.VmmigException;
import java.io.OutputStream;

/**
 * A guest that is being restored. The caller writes the QEMU stream to {@link #memory()} and calls {@link #finish()};
 * {@link #close()} without that aborts and leaves nothing.
 */
public interface RestoringGuest extends AutoCloseable {
    /**
     * Waits until the hypervisor is ready for the stream, at most ten seconds. A hypervisor that is ready has opened the guest's disks, and
     * does not read them until {@link #finish()}. Calling this is optional.
     *
     * @return whether it is ready for certain
     * @throws VmmigException when the hypervisor could not get ready or could not start; the caller still closes
     */
    default boolean awaitReady() throws VmmigException {
        return false;
    }

    /**
     * The stream to write the QEMU migration stream to. Writing blocks while the hypervisor is busy; after the restore has failed, it
     * throws an {@link java.io.IOException} whose cause is a {@link VmmigException}.
     */
    OutputStream memory();

    /**
     * Ends the stream and waits until the guest is restored, paused.
     *
     * @throws VmmigException when the hypervisor could not restore it; nothing is left of it then
     */
    RestoredGuest finish() throws VmmigException;

    /**
     * Aborts, unless {@link #finish()} has returned. May be called by any thread, also while another one writes, and repeatedly.
     *
     * @throws VmmigException when something of the guest may be left, for instance since the hypervisor cannot be reached
     */
    @Override
    void close() throws VmmigException;
}
