// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.VmmigException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A guest whose memory and device state stream out. It is paused, so that its disks no longer change, and may be read before, during or after
 * the stream; after {@link Guest#saveLive} only from {@link #pause()} on.
 *
 * <p>The caller ends the pause with {@link #resume()}, {@link #retire()} or {@link #leavePaused()}; {@link #close()} without any of them
 * resumes the guest. One thread reads the stream; any thread may call the other methods.
 */
public interface SavedGuest extends AutoCloseable {
    /** The domain XML as saved. Its {@code <currentMemory>} is the guest's memory in the stream, without what its balloon lends. */
    String domainXml();

    /** The data that libvirt needs beside the XML for the restore (its "cookie"), or null. */
    @Nullable
    String cookie();

    /** Whether the guest was running, rather than paused, before it was saved. */
    boolean wasRunning();

    /** Whether the guest is paused, which it always is unless {@link Guest#saveLive} was used. Takes no time. */
    default boolean paused() {
        return true;
    }

    /**
     * Pauses the guest if it still runs, and returns once it is paused, so that its disks no longer change. The rest of the stream must be read
     * after this.
     *
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_NOT_RUNNING} when the guest has been ended
     */
    default void pause() throws VmmigException {}

    /** When the guest was paused; call it once it is. */
    Instant suspendedAt();

    /**
     * The QEMU migration stream, and nothing else. It ends only when the hypervisor has reported success; if the save fails, reading throws
     * an {@link java.io.IOException} whose cause is a {@link VmmigException}. Reading blocks until the hypervisor has written more, and the
     * hypervisor blocks while nobody reads.
     */
    InputStream memory();

    /**
     * Checks whether the guest has been paused without a break since it was saved. Takes milliseconds, and may be repeated until the guest
     * is resumed, retired or left paused. The answer holds for the moment of the call: others may resume the guest right after it.
     *
     * @return what somebody else did to the guest; empty only when it is certain that it has neither run nor been ended
     * @throws VmmigException when the hypervisor does not answer, so that nothing is certain
     */
    Optional<Interference> interference() throws VmmigException;

    /**
     * Resumes the guest here, whether or not the stream has been read. It stays paused if it was paused before, or if a user has resumed
     * and suspended it meanwhile. Idempotent.
     *
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_NOT_RUNNING} when somebody has ended the guest
     *     meanwhile
     */
    void resume() throws VmmigException;

    /** Ends and undefines the guest here, because it runs elsewhere. Its disk files stay. Idempotent. */
    void retire() throws VmmigException;

    /**
     * Leaves the guest at this host, paused, because nobody knows whether it runs elsewhere, or because it could be neither resumed nor
     * retired. After that {@link #close()} does nothing, and the guest can be saved again. Does nothing after {@link #resume()} or {@link
     * #retire()}.
     */
    void leavePaused();

    /** {@link #resume()}, unless the guest has been resumed, retired or left paused. */
    @Override
    void close() throws VmmigException;
}
