// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.VmmigException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A guest that stands still at the source while its memory and device state stream out. Its disks may be read in any order
 * with the stream; they are final.
 *
 * <p>One of {@link #resume()}, {@link #retire()} and {@link #leavePaused()} settles it; {@link #close()} without any resumes. The stream
 * is read by one thread; the other methods may be called from any.
 */
public interface SavedGuest extends AutoCloseable {
    /** The domain XML as saved. Its {@code <currentMemory>} is what the guest's balloon leaves it in the stream. */
    String domainXml();

    /** What libvirt wants to find again beside the XML when it restores (its "cookie"), or null. */
    @Nullable
    String cookie();

    /** Whether the guest was running, rather than paused, before it was saved. */
    boolean wasRunning();

    /** When the guest stopped. */
    Instant suspendedAt();

    /**
     * The QEMU migration stream, and nothing else. It ends only when the hypervisor has reported success; if the save
     * fails, reading throws an {@link java.io.IOException} whose cause is a {@link VmmigException}. Reading blocks while
     * the guest's memory is being written, and the guest waits while nobody reads.
     */
    InputStream memory();

    /**
     * Looks whether the guest has been paused without a break since it was saved. Takes milliseconds, and can be asked until the guest is
     * settled, as often as one likes. The answer is about the moment of the call: nothing prevents others from resuming the guest
     * right after it.
     *
     * @return what somebody else did to the guest; empty only when it is certain that it has neither run nor been ended
     * @throws VmmigException when the hypervisor does not answer, so that nothing is certain
     */
    Optional<Interference> interference() throws VmmigException;

    /**
     * Lets the guest go on here, whether or not the stream has been read; if it was paused before, it stays paused. A guest that a
     * user resumed and suspended again meanwhile stays paused, too. Idempotent.
     *
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_NOT_RUNNING} when somebody has ended the guest
     *     meanwhile
     */
    void resume() throws VmmigException;

    /** Ends the guest here, definition and all, because it lives on elsewhere. Its disk files stay. Idempotent. */
    void retire() throws VmmigException;

    /**
     * Gives the guest up to the host paused, as it is, because nobody knows whether it runs elsewhere, or because it could be neither
     * resumed nor retired. From here on {@link #close()} does nothing to it, and it can be saved anew. Does nothing to one that is
     * settled.
     */
    void leavePaused();

    /** {@link #resume()}, unless the guest has been resumed, retired or left paused. */
    @Override
    void close() throws VmmigException;
}
