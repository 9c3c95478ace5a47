// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import java.time.Duration;
import java.util.function.LongSupplier;

/** A token bucket: a burst, then one per interval. Thread-safe. */
final class RateLimit {
    private final int burst;
    private final long interval;
    private final LongSupplier nanoTime;
    private int left;
    private long counted;

    RateLimit(int burst, Duration interval, LongSupplier nanoTime) {
        this.burst = burst;
        this.interval = interval.toNanos();
        this.nanoTime = nanoTime;
        this.left = burst;
        this.counted = nanoTime.getAsLong();
    }

    /** Takes a token; false if there is none. */
    synchronized boolean tryOne() {
        long now = nanoTime.getAsLong();
        long earned = (now - counted) / interval;
        if (earned >= burst - left) {
            left = burst;
            counted = now;
        } else {
            left += (int) earned;
            counted += earned * interval;
        }
        if (left == 0) {
            return false;
        }
        left--;
        return true;
    }
}
