// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.Optional;
import java.util.UUID;

/** A way to a destination: a host, a file. Immutable and reusable; each {@link #open()} is one transfer. */
public interface Transport {
    /** Connects. Fails, within a deadline, before the guest is touched. */
    OutgoingSession open() throws VmmigException;

    /**
     * Fails as {@link #open()} would where the destination cannot be reached or used, and leaves nothing behind: a source asks before it
     * spends time on looking through a guest's disks. Does nothing where that costs as much as opening.
     */
    default void requireReachable() throws VmmigException {}

    /** Whom or what it leads to, for people and for reports. */
    String description();

    /** Whether a guest comes to life at the other end, rather than lie there as a package. */
    boolean live();

    /**
     * By what the same destination is found again later, such as {@code host-b:16550}; empty when it cannot be asked for what
     * became of a package.
     */
    default Optional<String> address() {
        return Optional.empty();
    }

    /**
     * Asks the destination what became of a package whose hand-over was cut short. Asking gives up a hand-over that has not
     * been completed there.
     *
     * @throws VmmigException when there is no answer
     */
    default Outcome outcomeOf(UUID packageId) throws VmmigException {
        return Outcome.UNHEARD_OF;
    }

    /**
     * As {@link #outcomeOf(UUID)}, for the source whose session has recorded something in its journal, and may record more now.
     *
     * @throws VmmigException when it cannot be told now; its text says why
     */
    default Outcome outcomeOf(UUID packageId, HandOverJournal journal) throws VmmigException {
        return outcomeOf(packageId);
    }
}
