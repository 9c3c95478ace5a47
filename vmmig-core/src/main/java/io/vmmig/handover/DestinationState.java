// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import java.util.Set;

/**
 * Where the destination stands in the hand-over of a guest. What is not drawn is illegal.
 *
 * <pre>
 *   OFFERED ──► RECEIVED ──► VERIFIED ──► RESTORED ──► COMMITTED ──► RESUMED
 *      │           │            │            │             │
 *      └───────────┴────────────┴────────────┴─────────────┴──► DISCARDED
 * </pre>
 *
 * <p>The guest may run at the destination in COMMITTED and RESUMED only.
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
    /** Nothing of the guest is left here. */
    DISCARDED;

    private Set<DestinationState> successors() {
        return switch (this) {
            case OFFERED -> Set.of(RECEIVED, DISCARDED);
            case RECEIVED -> Set.of(VERIFIED, DISCARDED);
            case VERIFIED -> Set.of(RESTORED, DISCARDED);
            case RESTORED -> Set.of(COMMITTED, DISCARDED);
            case COMMITTED -> Set.of(RESUMED, DISCARDED);
            case RESUMED, DISCARDED -> Set.of();
        };
    }

    /** The state after a step; an illegal step is a bug of vmmig, and throws {@link IllegalStateException}. */
    public DestinationState then(DestinationState next) {
        if (!successors().contains(next)) {
            throw new IllegalStateException("a destination that is " + this + " cannot become " + next);
        }
        return next;
    }
}
