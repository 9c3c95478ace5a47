// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.snapshot.HeapBudget;
import java.util.concurrent.Semaphore;

/**
 * How many migrations of this program go on at once, unless their callers have limits of their own: as many as its heap holds, and
 * no more than its processors can serve. Guests that leave and guests that come are counted apart: if they were not, two hosts that
 * send each other guests could each wait for the other.
 */
final class ProgramLimits {
    private static final int AT_ONCE = HeapBudget.ofThisProgram().migrations();

    /** Guests that leave. The first that comes is the first that goes. */
    static final Semaphore LEAVING = new Semaphore(AT_ONCE, true);

    /** Guests that come. */
    static final Semaphore COMING = new Semaphore(AT_ONCE, true);

    private ProgramLimits() {}
}
