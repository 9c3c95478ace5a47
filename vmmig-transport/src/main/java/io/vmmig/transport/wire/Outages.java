// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Since when there is no connection. A connection that has brought nothing and did not last does not end an outage: a way on
 * which each one breaks at once is no way, however often it can be gone. Not thread-safe.
 */
final class Outages {
    private final LongSupplier nanoTime;
    private long joinedAt;
    private long movedBefore;
    private long brokenAt;
    private long began;
    private boolean beganOnce;

    Outages(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        joinedAt = nanoTime.getAsLong();
    }

    /**
     * A connection has broken.
     *
     * @param moved how many bytes have moved by now, in both directions
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

    /** There is another one; returns how long there was none. */
    Duration joined(long moved) {
        joinedAt = nanoTime.getAsLong();
        movedBefore = moved;
        return Duration.ofNanos(joinedAt - brokenAt);
    }

    /** When the outage began that counts, as {@link System#nanoTime()}. */
    long began() {
        return began;
    }
}
