// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.snapshot.Crew;
import io.vmmig.snapshot.Segments;
import java.util.concurrent.Semaphore;

/**
 * How many migrations of this program go on at once, unless their callers have limits of their own: as many as its heap holds, and
 * no more than its processors can serve. Guests that leave and guests that come are counted apart: if they were not, two hosts that
 * send each other guests could each wait for the other.
 */
final class ProgramLimits {
    private static final long MIB = 1L << 20;
    /** What a program needs besides, with the libraries that it is made of. */
    private static final long SET_ASIDE_BYTES = 48 * MIB;
    /** A segment of a package as it is and as it is stored, and what is needed to make the one of the other. */
    private static final long SEGMENT_BYTES = 9 * MIB;
    /** The window in which equal pages are found, and what is on its way in the network. */
    private static final long WINDOW_BYTES = 32 * MIB + 24 * MIB;
    /** One waits for its network or its hypervisor while the other computes. */
    private static final int LEAST_BY_PROCESSORS = 2;

    private static final int AT_ONCE =
            atOnce(Runtime.getRuntime().maxMemory(), Runtime.getRuntime().availableProcessors());

    /** Guests that leave. The first that comes is the first that goes. */
    static final Semaphore LEAVING = new Semaphore(AT_ONCE, true);

    /** Guests that come. */
    static final Semaphore COMING = new Semaphore(AT_ONCE, true);

    private ProgramLimits() {}

    /** The limit in each direction, one at least. */
    static int atOnce(long heapBytes, int processors) {
        long each = Crew.segments(processors) * SEGMENT_BYTES + WINDOW_BYTES + Segments.cachedBytes(heapBytes);
        long byHeap = (heapBytes - SET_ASIDE_BYTES) / (2 * each);
        return (int) Math.max(1, Math.min(byHeap, Math.max(LEAST_BY_PROCESSORS, processors)));
    }
}
