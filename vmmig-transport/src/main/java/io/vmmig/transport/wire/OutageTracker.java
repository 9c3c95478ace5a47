// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Tracks how long there has been no working connection. A connection that carried nothing and did not last does not end an
 * outage: a network on which every connection breaks at once does not work. Not thread-safe.
 */
final class OutageTracker {
    private final LongSupplier nanoTime;
    private long joinedAt;
    private long movedBefore;
    private long brokenAt;
    private long began;
    private boolean beganOnce;

    OutageTracker(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        joinedAt = nanoTime.getAsLong();
    }

    /**
     * Records that a connection has broken.
     *
     * @param moved how many bytes have moved so far, in both directions
     * @param limit how long an outage may be
     */
    void broken(long moved, Duration limit) {
        brokenAt = nanoTime.getAsLong();
        boolean wasOfUse = moved > movedBefore || brokenAt - joinedAt > limit.toNanos();
        if (wasOfUse || !beganOnce) {
            began = brokenAt;
            beganOnce = true;
        }
    }

    /** Records that there is another one; returns how long there was none. */
    Duration joined(long moved) {
        joinedAt = nanoTime.getAsLong();
        movedBefore = moved;
        return Duration.ofNanos(joinedAt - brokenAt);
    }

    /** When the current outage began, as {@link System#nanoTime()}. */
    long began() {
        return began;
    }
}
