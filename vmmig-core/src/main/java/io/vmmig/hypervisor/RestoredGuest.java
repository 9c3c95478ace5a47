// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.VmmigException;

/** A restored guest, paused and waiting for the word. {@link #close()} without {@link #resume()} removes it. */
public interface RestoredGuest extends AutoCloseable {
    /** The name under which it was restored. */
    String name();

    /** Lets the guest run. From here on it is the caller's no more, and {@link #close()} does nothing. */
    void resume() throws VmmigException;

    /** Gives the guest up to the host paused, as it is. From here on {@link #close()} does nothing. */
    void leavePaused();

    /** Removes the guest with its definition, unless it has been resumed or left paused. Its disk files stay. */
    @Override
    void close() throws VmmigException;
}
