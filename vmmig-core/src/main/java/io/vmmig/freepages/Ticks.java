// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

/**
 * Detects whether a kernel runs. After a reboot the previous kernel's memory may still be complete and consistent; but only a
 * running kernel counts clock ticks.
 */
final class Ticks {
    /** Linux counts from five minutes before 32 bits overflow, at 100 to 1000 ticks a second, in 64 bits. */
    private static final long FIRST = (1L << 32) - 300 * 1000;

    private static final long LAST = FIRST + 20 * 366 * 86400L * 1000;

    private Ticks() {}

    /** Whether a variable with these two values can have counted ticks in between. */
    static boolean between(long then, long now, long elapsedMillis) {
        // A delayed guest catches up.
        return now > then && then >= FIRST && now <= LAST && now - then <= 2 * elapsedMillis + 1000;
    }
}
