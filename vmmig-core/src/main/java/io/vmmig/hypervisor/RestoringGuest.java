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
     * Waits until the hypervisor is ready to take memory, or for ten seconds. A hypervisor that is ready has opened the guest's disks,
     * and reads nothing of them any more until {@link #finish()}. It need not be called.
     *
     * @return whether it is ready for certain
     * @throws VmmigException when the hypervisor could not get ready, or has not even begun; the caller still closes
     */
    default boolean awaitReady() throws VmmigException {
        return false;
    }

    /**
     * Takes the QEMU migration stream. Writing blocks while the hypervisor is busy; when the restore has failed, it throws
     * an {@link java.io.IOException} whose cause is a {@link VmmigException}.
     */
    OutputStream memory();

    /**
     * Ends the stream and waits until the guest is there, paused.
     *
     * @throws VmmigException when the hypervisor could not restore it; nothing is left of it then
     */
    RestoredGuest finish() throws VmmigException;

    /**
     * Aborts, unless {@link #finish()} has returned. Can be called from any thread, while another one writes, and again.
     *
     * @throws VmmigException when it is not certain that nothing is left of the guest, as while the hypervisor cannot be reached
     */
    @Override
    void close() throws VmmigException;
}
