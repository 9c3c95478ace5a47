// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.snapshot.HeapBudget;
import java.util.concurrent.Semaphore;

/**
 * The default limits of concurrent migrations in this program: as many as the heap and the processors allow. Departing and arriving guests
 * have separate limits; otherwise two hosts that send each other guests could wait for each other.
 */
final class ProgramLimits {
    private static final int AT_ONCE = HeapBudget.ofThisProgram().migrations();

    /** Departing guests, first come, first served. */
    static final Semaphore LEAVING = new Semaphore(AT_ONCE, true);

    /** Arriving guests, first come, first served. */
    static final Semaphore COMING = new Semaphore(AT_ONCE, true);

    private ProgramLimits() {}
}
