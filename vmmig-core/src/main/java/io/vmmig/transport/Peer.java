// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.UUID;

/** Another host, which answers the source, restores the guest while it arrives, and resumes it when it is handed over. */
public non-sealed interface Peer extends Transport {
    /**
     * Connects, within a deadline. Each call begins a transfer of its own, which the caller closes.
     *
     * @throws VmmigException when the host cannot be reached or is not to be used
     */
    OutgoingSession open() throws VmmigException;

    /**
     * Asks the host what became of a package, by its own journals.
     *
     * @throws VmmigException when there is no answer
     */
    Outcome outcomeOf(UUID packageId) throws VmmigException;

    @Override
    default Outcome outcomeOf(UUID packageId, HandOverJournal journal) throws VmmigException {
        return outcomeOf(packageId);
    }
}
