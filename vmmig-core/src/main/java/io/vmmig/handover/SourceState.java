// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import java.util.Set;

/**
 * The states of a hand-over at the source. Steps that are not drawn are illegal.
 *
 * <pre>
 *   PREPARED ──► SAVED ──► SENT ──► COMMITTED ──► RETIRED
 *    │    │      ▲  │        │         │
 *    │    └► LIVE┘  │        │         ├──► UNKNOWN       (the answer was lost)
 *    │        │     │        │         │
 *    └────────┴─────┴────────┴─────────┴──► ROLLED_BACK   (once COMMITTED: the destination says that it did not take the guest)
 * </pre>
 *
 * <p>A guest that is only packed has no hand-over: SAVED ──► COPIED.
 *
 * <p>The guest may run at the source in PREPARED, LIVE, ROLLED_BACK and COPIED only.
 */
public enum SourceState {
    /** The guest has not been changed. */
    PREPARED,
    /** The guest's memory is being sent while it runs; the hypervisor may pause it at any moment. Not recorded. */
    LIVE,
    /** The guest is paused, and its state is being sent. */
    SAVED,
    /** The destination holds the guest, paused and verified. */
    SENT,
    /** COMMIT may have been sent. */
    COMMITTED,
    /** The guest is at the destination, and was removed here. */
    RETIRED,
    /** The guest is here as it was; the destination has nothing of it. */
    ROLLED_BACK,
    /** The guest was packed and not handed over: it is here as it was, even if its package is lost. */
    COPIED,
    /** The source does not know whether the destination has taken the guest over; it is kept paused. */
    UNKNOWN;

    private Set<SourceState> successors() {
        return switch (this) {
            case PREPARED -> Set.of(LIVE, SAVED, ROLLED_BACK);
            case LIVE -> Set.of(SAVED, ROLLED_BACK);
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
