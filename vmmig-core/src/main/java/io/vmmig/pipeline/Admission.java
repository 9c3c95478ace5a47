// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.CancelledException;
import io.vmmig.error.Problem;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * The permit of one of a limited number of migrations that go on at once. The wait for it ends when the migration is cancelled, and holds
 * nothing but a thread.
 */
final class Admission {
    /** How many wait for each; a semaphore knows of a thread only once that has begun to. */
    private static final Map<Semaphore, Integer> WAITING = new WeakHashMap<>();

    private final Semaphore limit;
    private @Nullable Thread waiting;

    private Admission(Semaphore limit) {
        this.limit = limit;
    }

    /**
     * Waits for a permit, and says so if there is none at once.
     *
     * @param limit has a permit for each migration that may go on
     */
    static Admission await(Semaphore limit, Recorder recorder, Cancellation cancellation) throws CancelledException {
        Admission admission = new Admission(limit);
        // A migration that comes later must not overtake those that wait.
        if (limit.hasQueuedThreads() || !limit.tryAcquire()) {
            recorder.waiting(waiting(limit, 1));
            try {
                admission.awaitPermit(limit, cancellation);
            } finally {
                waiting(limit, -1);
            }
        }
        return admission;
    }

    /** How many waited before this one came, or went. */
    private static int waiting(Semaphore limit, int more) {
        synchronized (WAITING) {
            int before = WAITING.getOrDefault(limit, 0);
            WAITING.put(limit, before + more);
            return before;
        }
    }

    private void awaitPermit(Semaphore permits, Cancellation cancellation) throws CancelledException {
        synchronized (this) {
            waiting = Thread.currentThread();
        }
        cancellation.onRequest(this::wake);
        try {
            permits.acquire();
        } catch (InterruptedException e) {
            if (!stopWaiting(cancellation)) {
                Thread.currentThread().interrupt();
            }
            throw new CancelledException(Problem.CANCELLED, "the thread was interrupted", "", e);
        }
        if (stopWaiting(cancellation)) {
            permits.release();
            cancellation.check();
        }
    }

    private synchronized void wake() {
        if (waiting != null) {
            waiting.interrupt();
        }
    }

    /** Nobody interrupts the thread from here on; whether somebody has wanted to end the wait. */
    private synchronized boolean stopWaiting(Cancellation cancellation) {
        waiting = null;
        boolean woken = cancellation.requested();
        if (woken) {
            Thread.interrupted();
        }
        return woken;
    }

    /** Lets the next one go on. */
    void end() {
        limit.release();
    }
}
