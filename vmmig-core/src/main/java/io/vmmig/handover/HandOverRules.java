// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Interference;
import io.vmmig.transport.Outcome;
import java.util.Optional;

/**
 * The rules of an unfinished hand-over: every decision after a crash or a lost connection. The model of both ends is checked with these
 * rules.
 */
public final class HandOverRules {
    private HandOverRules() {}

    /** The state in which an end finds the guest on its hypervisor. */
    public enum Found {
        /** Nothing. */
        NOTHING,
        /** A paused guest. */
        PAUSED,
        /** A running guest. */
        RUNNING,
        /** A guest that is defined and shut off, without memory. */
        STOPPED
    }

    /** What an end does next. */
    public enum Step {
        /** The guest continues here. */
        RESUME,
        /** The guest belongs to the other end; remove what is left of it here. */
        RETIRE,
        /** The guest will not run here; remove what is left of it. */
        DISCARD,
        /** The guest is as it should be; only the journal has to catch up. */
        RECORD,
        /** The guest and the journal are as they should be. */
        NOTHING,
        /** The outcome is unknown; a person has to decide. */
        LEAVE
    }

    /**
     * Whether a source may hand its paused guest over, or complete its package.
     *
     * @param interference what somebody else did to the guest since it was saved
     */
    public static boolean mayGiveAway(Optional<Interference.Kind> interference) {
        return interference.isEmpty();
    }

    /**
     * Whether a destination may tell the source that the guest is restored and paused. It may even if the guest could not be observed for a
     * while: the restored guest is consistent, whether or not it ran.
     *
     * @param interference what somebody else did to the guest since it was restored
     */
    public static boolean mayBeGiven(Optional<Interference.Kind> interference) {
        return interference.isEmpty() || interference.get() == Interference.Kind.UNOBSERVED;
    }

    /**
     * Whether a destination takes over a guest that its source has handed over. It does even if somebody resumed the guest here too early:
     * the guest belongs here now.
     *
     * @param interference what somebody else did to the guest since it was restored
     */
    public static boolean takes(Optional<Interference.Kind> interference) {
        return interference.isEmpty() || interference.get() != Interference.Kind.ENDED;
    }

    /** Whether a hypervisor that failed like that may still have carried out the call. */
    static boolean mayHaveActed(Throwable failure) {
        return !(failure instanceof VmmigException known)
                || switch (known.problem()) {
                    case HYPERVISOR_UNREACHABLE, HYPERVISOR_TIMEOUT, HEAP_TOO_SMALL -> true;
                    default -> false;
                };
    }

    /** Whether another job of the hypervisor caused the failure. */
    static boolean isBusy(Throwable failure) {
        return failure instanceof VmmigException known && known.problem() == Problem.GUEST_BUSY;
    }

    /**
     * The state of a destination after a step.
     *
     * @throws VmmigException with {@link Problem#CONNECTION_LOST} when the source has been told that the guest was not taken over
     */
    static DestinationState entered(DestinationState now, DestinationState next) throws VmmigException {
        if (now == DestinationState.ABANDONED && next != DestinationState.DISCARDED) {
            throw VmmigException.of(
                    Problem.CONNECTION_LOST,
                    "the source has lost the connection and taken the guest back",
                    "Start the migration again.");
        }
        return now.then(next);
    }

    /** A destination's answer to a source that has lost the connection. */
    public static Outcome outcome(DestinationState state, boolean torn) {
        return switch (state) {
            // The torn step may have been COMMITTED.
            case OFFERED, RECEIVED, VERIFIED, RESTORED -> torn ? Outcome.UNDER_WAY : Outcome.NOT_TAKEN;
            case COMMITTED, RETRACTING -> Outcome.UNDER_WAY;
            case RESUMED -> Outcome.TAKEN;
            case ABANDONED, DISCARDED -> Outcome.NOT_TAKEN;
        };
    }

    /**
     * What a destination does after a crash.
     *
     * @param runs whether the guest is to run here
     */
    public static Step ofDestination(DestinationState state, boolean runs, Found found) {
        return switch (state) {
            // A running guest was resumed by somebody else; leave it alone.
            case OFFERED, RECEIVED, VERIFIED, RESTORED, ABANDONED -> found == Found.RUNNING ? Step.LEAVE : Step.DISCARD;
            case COMMITTED ->
                switch (found) {
                    case PAUSED -> runs ? Step.RESUME : Step.RECORD;
                    case RUNNING -> Step.RECORD;
                    // It may have run, and ended by itself.
                    case NOTHING, STOPPED -> Step.LEAVE;
                };
            case RETRACTING -> found == Found.RUNNING ? Step.RECORD : Step.DISCARD;
            case RESUMED, DISCARDED -> Step.NOTHING;
        };
    }

    /**
     * What a destination that had to {@link Step#LEAVE} a guest does after a person has decided.
     *
     * @param here whether the guest belongs here
     */
    public static Step ofDecision(boolean here, Found found) {
        if (here) {
            return Step.RECORD;
        }
        // If the guest runs at both ends, a person has to end one of them.
        return found == Found.RUNNING ? Step.LEAVE : Step.DISCARD;
    }

    /**
     * What a source does after a crash.
     *
     * @param outcome the destination's answer, if the guest may have been handed over; else {@link Outcome#NOT_TAKEN}
     * @param ran whether the guest ran before it was paused
     * @param ranSince whether the guest has run since it was saved, though it may be paused again
     */
    public static Step ofSource(Outcome outcome, boolean ran, Found found, boolean ranSince) {
        return switch (outcome) {
            // The guest ran at both ends: a person has to decide about what it did here.
            case TAKEN -> found == Found.RUNNING || (found == Found.PAUSED && ranSince) ? Step.LEAVE : Step.RETIRE;
            case NOT_TAKEN -> ran && found == Found.PAUSED ? Step.RESUME : Step.RECORD;
            case UNDER_WAY, UNHEARD_OF -> Step.LEAVE;
        };
    }
}
