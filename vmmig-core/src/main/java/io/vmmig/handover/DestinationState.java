// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import java.util.Set;

/**
 * Where the destination stands in the hand-over of a guest. What is not drawn is illegal.
 *
 * <pre>
 *   OFFERED ──► RECEIVED ──► VERIFIED ──► RESTORED ──► COMMITTED ──► RESUMED
 *      │           │            │            │             │
 *      ├───────────┴────────────┴────────────┤             │           ▲
 *      ▼                                     ▼             ▼           │ (it runs after all)
 *  ABANDONED ──────────────────────────► DISCARDED ◄── RETRACTING ─────┘
 * </pre>
 *
 * <p>The guest may run at the destination in COMMITTED, RETRACTING and RESUMED only.
 */
public enum DestinationState {
    /** The source has said what it wants to send. */
    OFFERED,
    /** Disks and memory are here, but for the held-back end of the memory. */
    RECEIVED,
    /** What is here has the digests that it should have. */
    VERIFIED,
    /** The guest is here, paused. */
    RESTORED,
    /** The source has given the guest away. */
    COMMITTED,
    /** The guest goes on here. */
    RESUMED,
    /** The guest will never run here; something of it may be left. */
    ABANDONED,
    /** The source has given the guest away, but it cannot be made to run here, and is being removed. */
    RETRACTING,
    /** Nothing of the guest is left here. */
    DISCARDED;

    private Set<DestinationState> successors() {
        return switch (this) {
            case OFFERED -> Set.of(RECEIVED, ABANDONED, DISCARDED);
            case RECEIVED -> Set.of(VERIFIED, ABANDONED, DISCARDED);
            case VERIFIED -> Set.of(RESTORED, ABANDONED, DISCARDED);
            case RESTORED -> Set.of(COMMITTED, ABANDONED, DISCARDED);
            case COMMITTED -> Set.of(RESUMED, RETRACTING);
            case ABANDONED -> Set.of(DISCARDED);
            case RETRACTING -> Set.of(DISCARDED, RESUMED);
            case RESUMED, DISCARDED -> Set.of();
        };
    }

    boolean canBecome(DestinationState next) {
        return successors().contains(next);
    }

    /** Whether it is noted before the step to it is taken. What is lost of the others in a crash is not missed. */
    boolean durable() {
        return this != RECEIVED && this != VERIFIED;
    }

    /** The state after a step; an illegal step is a bug of vmmig, and throws {@link IllegalStateException}. */
    public DestinationState then(DestinationState next) {
        if (!canBecome(next)) {
            throw new IllegalStateException("a destination that is " + this + " cannot become " + next);
        }
        return next;
    }
}
