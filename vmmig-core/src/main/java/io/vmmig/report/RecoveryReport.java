// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import io.vmmig.hypervisor.Hypervisor;
import java.util.List;
import java.util.UUID;

/**
 * What a {@link io.vmmig.Recovery} found, and what it did.
 *
 * @param settlements one for each migration that had not come to its end at this host
 * @param pausedGuests guests of this host that are paused, though no journal says why: their user may have suspended them, or a
 *     migration whose journal is lost, or in another state directory, left them so. See whether they run elsewhere before you
 *     resume one
 */
public record RecoveryReport(List<Settlement> settlements, List<Hypervisor.GuestId> pausedGuests) {
    public RecoveryReport {
        settlements = List.copyOf(settlements);
        pausedGuests = List.copyOf(pausedGuests);
    }

    /** Whether nothing is left open. */
    public boolean settled() {
        return settlements.stream().allMatch(settlement -> settlement.result() != Result.LEFT_OPEN);
    }

    /** Which end of the migration this host was. */
    public enum Side {
        /** The guest was to leave this host. */
        SOURCE,
        /** The guest was to come to this host. */
        DESTINATION
    }

    /** What was done. */
    public enum Result {
        /** The guest was let go on here. */
        RESUMED,
        /** The guest lives at the other end, and what was left of it here was removed. */
        RETIRED,
        /** The guest had not been given to this host, and what there was of it here was removed. */
        DISCARDED,
        /** There was nothing to do but to note it. */
        NOTED,
        /** Nobody can tell what is right, now or ever; see the text. Nothing was changed. */
        LEFT_OPEN
    }

    /**
     * One migration.
     *
     * @param packageId the package in which the guest was to travel
     * @param guest the guest's name at this host
     * @param side which end this host was
     * @param result what was done
     * @param what that in words, with what is to be done about it if anything is
     */
    public record Settlement(UUID packageId, String guest, Side side, Result result, String what) {}
}
