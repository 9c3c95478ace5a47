// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import java.util.Set;

/**
 * The states of a hand-over at the destination. Steps that are not drawn are illegal.
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
    /** The source has offered the guest. */
    OFFERED,
    /** Disks and memory are here, except the held-back end of the memory. */
    RECEIVED,
    /** The received content matches its digests. */
    VERIFIED,
    /** The guest is here, paused. */
    RESTORED,
    /** The source has handed the guest over. */
    COMMITTED,
    /** The guest continues here. */
    RESUMED,
    /** The guest will never run here; something of it may be left. */
    ABANDONED,
    /** The source has handed the guest over, but it cannot be resumed here, and is being removed. */
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

    /** Whether the step to this state is durable before it is taken. A crash may lose the others without harm. */
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
