// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.Optional;
import java.util.UUID;

/** Where a guest can go: to another host, or into a package. Implementations are immutable and reusable. */
public sealed interface Transport permits Peer, PackageStore {
    /** A description for people and for reports; without secrets. */
    String description();

    /**
     * The address by which a {@link io.vmmig.Recovery} finds it again after a crash, such as {@code host-b:16550}; empty when it cannot be
     * found again.
     */
    Optional<String> address();

    /**
     * Checks that it can be used, within a deadline, and leaves nothing behind. A source calls this before it spends time on reading a
     * guest's disks. Does nothing where the check would cost as much as a transfer.
     *
     * @throws VmmigException as thrown at the beginning of a transfer
     */
    default void requireReachable() throws VmmigException {}

    /**
     * Determines the outcome of an interrupted hand-over. A hand-over that is not complete by then never will be.
     *
     * @param journal where the source has recorded its hand-over; this call may add to it
     * @throws VmmigException when the outcome cannot be determined now; the message says why
     */
    Outcome outcomeOf(UUID packageId, HandOverJournal journal) throws VmmigException;
}
