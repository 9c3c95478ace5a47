// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.VmmigException;
import java.util.Optional;
import java.util.UUID;

/** A restored guest, paused. {@link #close()} removes it, unless {@link #resume()} or {@link #leavePaused()} was called. */
public interface RestoredGuest extends AutoCloseable {
    /** The name under which it was restored. */
    String name();

    /**
     * The generation ID that the guest sees at this host, by which it detects that it was copied or reverted; empty when it has none. A
     * hypervisor that uses the ID in the guest's XML need not override this.
     *
     * @param asked the ID in its XML
     */
    default Optional<UUID> generationId(Optional<UUID> asked) throws VmmigException {
        return asked;
    }

    /**
     * Checks whether the guest has been paused without a break since it was restored, as {@link SavedGuest#interference()} does at the
     * source.
     *
     * @return what somebody else did to the guest; empty only when it is certain that it has neither run nor been ended
     * @throws VmmigException when the hypervisor does not answer, so that nothing is certain
     */
    Optional<Interference> interference() throws VmmigException;

    /** Resumes the guest. After that the caller no longer owns it, and {@link #close()} does nothing. */
    void resume() throws VmmigException;

    /** Leaves the guest at this host, paused. After that {@link #close()} does nothing. */
    void leavePaused();

    /**
     * Removes the guest with its definition, unless it has been resumed or left paused. Its disk files stay. If this throws, the guest may
     * still be there, paused; call this again to retry.
     */
    @Override
    void close() throws VmmigException;
}
