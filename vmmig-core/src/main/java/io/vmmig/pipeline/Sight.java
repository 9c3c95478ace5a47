// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.EndState;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.HandOverRules.Found;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.Hypervisor;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was found of a guest at this host.
 *
 * @param guest null if there is none
 */
record Sight(Found found, @Nullable Guest guest) {
    private static final Logger LOG = LoggerFactory.getLogger(Sight.class);

    static final Sight NONE = new Sight(Found.NOTHING, null);

    void resume() throws VmmigException {
        if (guest != null) {
            guest.resume();
        }
    }

    /** Turns autostart on, unless somebody has undefined the guest meanwhile. */
    void setAutostart(boolean on) throws VmmigException {
        if (guest != null && guest.persistent()) {
            guest.setAutostart(on);
        }
    }

    void remove() throws VmmigException {
        if (guest != null) {
            guest.remove();
        }
    }

    /** Whether it is paused and has run since it was saved. */
    boolean ranSinceSaved() throws VmmigException {
        return guest != null && found == Found.PAUSED && guest.ranSinceSaved();
    }

    /** Finds the guest with that uuid. */
    static Sight of(Hypervisor hypervisor, UUID uuid) throws VmmigException {
        Optional<Hypervisor.GuestId> known = hypervisor.guests().stream()
                .filter(guest -> guest.uuid().equals(uuid))
                .findFirst();
        if (known.isEmpty()) {
            return NONE;
        }
        Guest guest = hypervisor.guest(known.get().name());
        return switch (guest.state()) {
            case RUNNING -> new Sight(Found.RUNNING, guest);
            case PAUSED -> new Sight(Found.PAUSED, guest);
            case STOPPED -> new Sight(Found.STOPPED, guest);
        };
    }

    /** The current state of the guest with that uuid; unknown if the hypervisor does not answer. */
    static EndState stateOf(Hypervisor hypervisor, UUID uuid) {
        try {
            return of(hypervisor, uuid).endState();
        } catch (VmmigException e) {
            LOG.warn(
                    "the state of the guest {} is not known: {}",
                    uuid,
                    e.failure().what());
            return EndState.UNKNOWN;
        }
    }

    private EndState endState() {
        return switch (found) {
            case RUNNING -> EndState.RUNS;
            case PAUSED -> EndState.PAUSED;
            case STOPPED, NOTHING -> EndState.STOPPED;
        };
    }
}
