// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.VmmigException;
import java.util.Optional;
import java.util.UUID;

/** A restored guest, paused and waiting for the word. {@link #close()} without {@link #resume()} removes it. */
public interface RestoredGuest extends AutoCloseable {
    /** The name under which it was restored. */
    String name();

    /**
     * The generation ID that the guest finds at this host, which tells it whether it was copied or set back; empty when it has none.
     * A hypervisor that gives the guest the one that its XML asks for need not override this.
     *
     * @param asked the one that its XML asks for
     */
    default Optional<UUID> generationId(Optional<UUID> asked) throws VmmigException {
        return asked;
    }

    /**
     * Looks whether the guest has been paused without a break since it was restored, as {@link SavedGuest#interference()} does at the
     * source.
     *
     * @return what somebody else did to the guest; empty only when it is certain that it has neither run nor been ended
     * @throws VmmigException when the hypervisor does not answer, so that nothing is certain
     */
    Optional<Interference> interference() throws VmmigException;

    /** Lets the guest run. From here on it is the caller's no more, and {@link #close()} does nothing. */
    void resume() throws VmmigException;

    /** Gives the guest up to the host paused, as it is. From here on {@link #close()} does nothing. */
    void leavePaused();

    /**
     * Removes the guest with its definition, unless it has been resumed or left paused. Its disk files stay. If this throws, it can be
     * called again, and whoever does not leaves the guest paused.
     */
    @Override
    void close() throws VmmigException;
}
