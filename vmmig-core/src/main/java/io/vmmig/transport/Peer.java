// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.UUID;

/** Another host, which answers the source, restores the guest as it arrives, and resumes it after the hand-over. */
public non-sealed interface Peer extends Transport {
    /**
     * Connects, within a deadline. Each call begins a new transfer, which the caller closes.
     *
     * @throws VmmigException when the host cannot be reached or is not trusted
     */
    OutgoingSession open() throws VmmigException;

    /**
     * Asks the host for the outcome of a package in its journals.
     *
     * @throws VmmigException when the host does not answer
     */
    Outcome outcomeOf(UUID packageId) throws VmmigException;

    @Override
    default Outcome outcomeOf(UUID packageId, HandOverJournal journal) throws VmmigException {
        return outcomeOf(packageId);
    }
}
