// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.handover.DestinationState;
import io.vmmig.state.HostState;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.StoredPackages;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * What the journals of this host say of packages out of stores.
 *
 * @param state where they are
 */
public record StoredOutcomes(HostState state) implements StoredPackages {
    @Override
    public Outcome outcomeOf(UUID packageId) throws VmmigException {
        ConsumedPackages consumed = ConsumedPackages.of(state);
        if (!consumed.knows(packageId)) {
            return Outcome.UNHEARD_OF;
        }
        return consumed.hasRefused(packageId) ? Outcome.NOT_TAKEN : outcomeOfArrivals(packageId);
    }

    /** It is known before the guest is resumed; whether that has happened, the journals of its arrivals say. */
    private Outcome outcomeOfArrivals(UUID packageId) throws VmmigException {
        boolean resumed = false;
        for (Path file : ArrivalJournal.all(state)) {
            Optional<ArrivalJournal.Facts> facts = ArrivalJournal.factsOf(file);
            if (facts.isPresent() && facts.get().packageId().equals(packageId)) {
                Optional<DestinationState> at = stateOf(file);
                if (at.isEmpty() || (at.get() != DestinationState.RESUMED && at.get() != DestinationState.DISCARDED)) {
                    return Outcome.UNDER_WAY;
                }
                resumed |= at.get() == DestinationState.RESUMED;
            }
        }
        return resumed ? Outcome.TAKEN : Outcome.UNDER_WAY;
    }

    /** Empty while it is under way. */
    private static Optional<DestinationState> stateOf(Path file) throws VmmigException {
        try {
            Optional<ArrivalJournal> arrival = ArrivalJournal.open(file);
            if (arrival.isEmpty()) {
                return Optional.empty();
            }
            try (ArrivalJournal open = arrival.get()) {
                return Optional.of(open.state());
            }
        } catch (VmmigException e) {
            if (e.problem() == Problem.GUEST_BUSY) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public boolean refuse(UUID packageId) throws VmmigException {
        return ConsumedPackages.of(state).refuse(packageId);
    }
}
