// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Interference;
import io.vmmig.transport.Outcome;
import java.util.Optional;

/**
 * Who may do what with a guest whose hand-over has not come to its end: the whole of what is decided after a crash, or after a
 * connection was lost. It is what a model of both ends is checked with.
 */
public final class HandOverRules {
    private HandOverRules() {}

    /** What an end finds of the guest on its hypervisor. */
    public enum Found {
        /** Nothing. */
        NOTHING,
        /** A guest that stands still. */
        PAUSED,
        /** A guest that runs. */
        RUNNING,
        /** A definition of a guest that does not run, and has no memory. */
        STOPPED
    }

    /** What an end does about it. */
    public enum Step {
        /** The guest goes on here. */
        RESUME,
        /** The guest lives at the other end; what is left of it here goes. */
        RETIRE,
        /** The guest will not live here; what is left of it goes. */
        DISCARD,
        /** It is as it should be; only the notes were behind. */
        NOTE,
        /** It is as it should be, and so are the notes. */
        NOTHING,
        /** Nobody knows; a person has to see what there is. */
        LEAVE
    }

    /**
     * Whether a source that looks at its paused guest may give it away, or even complete its package.
     *
     * @param interference what somebody else did to the guest since it was saved
     */
    public static boolean mayGiveAway(Optional<Interference.Kind> interference) {
        return interference.isEmpty();
    }

    /**
     * Whether a destination that looks at its restored guest may tell the source that it is there, paused. Where nobody could see the
     * guest for a while it may: what is restored there is one whole guest, whether or not it ran.
     *
     * @param interference what somebody else did to the guest since it was restored
     */
    public static boolean mayBeGiven(Optional<Interference.Kind> interference) {
        return interference.isEmpty() || interference.get() == Interference.Kind.UNOBSERVED;
    }

    /**
     * Whether a destination that was given the guest takes it. Now that its source has given it away, a guest that somebody else let run
     * here too early is where it belongs.
     *
     * @param interference what somebody else did to the guest since it was restored
     */
    public static boolean takes(Optional<Interference.Kind> interference) {
        return interference.isEmpty() || interference.get() != Interference.Kind.ENDED;
    }

    /** Whether a hypervisor that failed like that may have done all the same what it was told: it has not said. */
    static boolean mayHaveActed(Throwable failure) {
        return !(failure instanceof VmmigException known)
                || switch (known.problem()) {
                    case HYPERVISOR_UNREACHABLE, HYPERVISOR_TIMEOUT, HEAP_TOO_SMALL -> true;
                    default -> false;
                };
    }

    /** Whether another job of the hypervisor's was in the way. */
    static boolean isBusy(Throwable failure) {
        return failure instanceof VmmigException known && known.problem() == Problem.GUEST_BUSY;
    }

    /**
     * The state of a destination after a step.
     *
     * @throws VmmigException with {@link Problem#CONNECTION_LOST} when the source has been told that the guest is not taken
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

    /** What a destination says to a source that has lost the connection. */
    public static Outcome outcome(DestinationState state, boolean torn) {
        return switch (state) {
            // A step that may have been written may have been COMMITTED.
            case OFFERED, RECEIVED, VERIFIED, RESTORED -> torn ? Outcome.UNDER_WAY : Outcome.NOT_TAKEN;
            case COMMITTED, RETRACTING -> Outcome.UNDER_WAY;
            case RESUMED -> Outcome.TAKEN;
            case ABANDONED, DISCARDED -> Outcome.NOT_TAKEN;
        };
    }

    /**
     * What a destination does that comes to itself after a crash.
     *
     * @param runs whether the guest is to run here once it is here
     */
    public static Step ofDestination(DestinationState state, boolean runs, Found found) {
        return switch (state) {
            // Who runs was resumed by somebody else, and is not ours to end.
            case OFFERED, RECEIVED, VERIFIED, RESTORED, ABANDONED -> found == Found.RUNNING ? Step.LEAVE : Step.DISCARD;
            case COMMITTED ->
                switch (found) {
                    case PAUSED -> runs ? Step.RESUME : Step.NOTE;
                    case RUNNING -> Step.NOTE;
                    // It may have run, and ended by itself.
                    case NOTHING, STOPPED -> Step.LEAVE;
                };
            case RETRACTING -> found == Found.RUNNING ? Step.NOTE : Step.DISCARD;
            case RESUMED, DISCARDED -> Step.NOTHING;
        };
    }

    /**
     * What a destination does that had to {@link Step#LEAVE} a guest, and is told by a person where it lives.
     *
     * @param here whether that is here
     */
    public static Step ofDecision(boolean here, Found found) {
        if (here) {
            return Step.NOTE;
        }
        // Who runs in two places is for a person to end in one.
        return found == Found.RUNNING ? Step.LEAVE : Step.DISCARD;
    }

    /**
     * What a source does that comes to itself after a crash.
     *
     * @param outcome what the destination says, if the guest may have been given away; else {@link Outcome#NOT_TAKEN}
     * @param ran whether the guest ran before it was stopped
     * @param ranSince whether the guest has run since it was saved, though it may be paused again
     */
    public static Step ofSource(Outcome outcome, boolean ran, Found found, boolean ranSince) {
        return switch (outcome) {
            // A guest that ran in two places is for a person to see: what it did here is nowhere else.
            case TAKEN -> found == Found.RUNNING || (found == Found.PAUSED && ranSince) ? Step.LEAVE : Step.RETIRE;
            case NOT_TAKEN -> ran && found == Found.PAUSED ? Step.RESUME : Step.NOTE;
            case UNDER_WAY, UNHEARD_OF -> Step.LEAVE;
        };
    }
}
