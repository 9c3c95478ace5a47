// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import java.util.Set;

/**
 * Where the source stands in the hand-over of a guest. What is not drawn is illegal.
 *
 * <pre>
 *   PREPARED ──► SAVED ──► SENT ──► COMMITTED ──► RETIRED
 *       │          │         │          │
 *       │          ▼         ▼          ├──► ROLLED_BACK   (the destination says that it did not take the guest)
 *       └────► ROLLED_BACK ◄─┘          └──► UNKNOWN       (the answer was lost)
 * </pre>
 *
 * <p>A guest that is only packed has no hand-over: SAVED ──► COPIED.
 *
 * <p>The guest may run at the source in PREPARED, ROLLED_BACK and COPIED only.
 */
public enum SourceState {
    /** The guest has not been touched. */
    PREPARED,
    /** The guest stands still, and its state is on the way. */
    SAVED,
    /** The destination holds the guest, paused and verified. */
    SENT,
    /** The word that gives the guest away may have left. */
    COMMITTED,
    /** The guest lives at the destination, and is no more here. */
    RETIRED,
    /** The guest is here as it was, and nothing of it at the destination. */
    ROLLED_BACK,
    /** The guest was packed and is not given away: it is here as it was, whatever becomes of its package. */
    COPIED,
    /** Nobody here knows whether the destination has taken the guest; it is kept paused. */
    UNKNOWN;

    private Set<SourceState> successors() {
        return switch (this) {
            case PREPARED -> Set.of(SAVED, ROLLED_BACK);
            case SAVED -> Set.of(SENT, ROLLED_BACK, COPIED);
            case SENT -> Set.of(COMMITTED, ROLLED_BACK);
            case COMMITTED -> Set.of(RETIRED, ROLLED_BACK, UNKNOWN);
            case RETIRED, ROLLED_BACK, COPIED, UNKNOWN -> Set.of();
        };
    }

    /** The state after a step; an illegal step is a bug of vmmig, and throws {@link IllegalStateException}. */
    public SourceState then(SourceState next) {
        if (!successors().contains(next)) {
            throw new IllegalStateException("a source that is " + this + " cannot become " + next);
        }
        return next;
    }
}
