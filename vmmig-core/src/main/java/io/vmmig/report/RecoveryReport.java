// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import io.vmmig.hypervisor.Hypervisor;
import java.util.List;
import java.util.UUID;

/**
 * What a {@link io.vmmig.Recovery} found, and what it did.
 *
 * @param resolutions one for each migration that was unfinished at this host
 * @param pausedGuests guests of this host that are paused although no journal says why: a user may have suspended them, or a migration left
 *     them so and its journal is lost or in another state directory. Before you resume one, make sure that it does not run elsewhere
 */
public record RecoveryReport(List<Resolution> resolutions, List<Hypervisor.GuestId> pausedGuests) {
    public RecoveryReport {
        resolutions = List.copyOf(resolutions);
        pausedGuests = List.copyOf(pausedGuests);
    }

    /** Whether no migration is {@link Result#LEFT_OPEN}. */
    public boolean resolved() {
        return resolutions.stream().allMatch(resolution -> resolution.result() != Result.LEFT_OPEN);
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
        /** The guest was resumed here. */
        RESUMED,
        /** The guest is at the other end, and what was left of it here was removed. */
        RETIRED,
        /** The guest had not been handed over to this host, and what this host had received was removed. */
        DISCARDED,
        /** There was nothing left to do but to record the outcome. */
        RECORDED,
        /** The outcome is not known now, and may never be; see the text. Nothing was changed. */
        LEFT_OPEN
    }

    /**
     * One migration.
     *
     * @param packageId the guest's package
     * @param guest the guest's name at this host
     * @param side which end this host was
     * @param result what was done
     * @param what the result in words, with a remedy if one is needed
     */
    public record Resolution(UUID packageId, String guest, Side side, Result result, String what) {}
}
