// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

/**
 * Whether a kernel lives. After a reboot the memory of the kernel before may still be there, whole and consistent; but only a
 * kernel that runs counts the ticks of its clock.
 */
final class Ticks {
    /** Linux counts from five minutes before 32 bits overflow, at 100 to 1000 ticks a second, in 64 bits. */
    private static final long FIRST = (1L << 32) - 300 * 1000;

    private static final long LAST = FIRST + 20 * 366 * 86400L * 1000;

    private Ticks() {}

    /** Whether a variable with these values at two moments can have counted ticks between them. */
    static boolean between(long then, long now, long elapsedMillis) {
        // A guest that was late counts what it missed.
        return now > then && then >= FIRST && now <= LAST && now - then <= 2 * elapsedMillis + 1000;
    }
}
