// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.Semaphore;

/** The permit of one of at most N migrations at once. */
final class Admission {
    /** How many migrations wait for each semaphore; the semaphore itself counts a thread only after it has queued. */
    private static final Map<Semaphore, Integer> WAITING = new WeakHashMap<>();

    private Admission() {}

    /**
     * Waits for a permit, which the caller releases, and reports the wait if none is available at once. A cancellation ends the wait; a
     * waiting migration holds nothing but its threads.
     *
     * @param limit has a permit for each migration that may run at once
     */
    static Semaphore await(Semaphore limit, Recorder recorder, Cancellation cancellation) throws VmmigException {
        // A later migration must not overtake those that wait.
        if (limit.hasQueuedThreads() || !limit.tryAcquire()) {
            recorder.waiting(waiting(limit, 1));
            try {
                Abandonable.run(() -> acquire(limit), Semaphore::release, cancellation);
            } finally {
                waiting(limit, -1);
            }
        }
        return limit;
    }

    /** Adds to the number of waiting migrations, and returns the previous number. */
    private static int waiting(Semaphore limit, int more) {
        synchronized (WAITING) {
            int before = WAITING.getOrDefault(limit, 0);
            WAITING.put(limit, before + more);
            return before;
        }
    }

    private static Semaphore acquire(Semaphore limit) throws VmmigException {
        try {
            limit.acquire();
            return limit;
        } catch (InterruptedException e) {
            throw Cancellation.interrupted(e);
        }
    }
}
