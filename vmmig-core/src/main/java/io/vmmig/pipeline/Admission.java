// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.CancelledException;
import io.vmmig.error.Problem;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * The permit of one of at most N migrations at once. A cancellation ends the wait for it; a waiting migration holds nothing but its thread.
 */
final class Admission {
    /** How many migrations wait for each semaphore; the semaphore itself counts a thread only after it has queued. */
    private static final Map<Semaphore, Integer> WAITING = new WeakHashMap<>();

    private final Semaphore limit;
    private @Nullable Thread waiting;

    private Admission(Semaphore limit) {
        this.limit = limit;
    }

    /**
     * Waits for a permit, and reports the wait if none is available at once.
     *
     * @param limit has a permit for each migration that may run at once
     */
    static Admission await(Semaphore limit, Recorder recorder, Cancellation cancellation) throws CancelledException {
        Admission admission = new Admission(limit);
        // A later migration must not overtake those that wait.
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

    /** Adds to the number of waiting migrations, and returns the previous number. */
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

    /** Prevents further interrupts of this thread; returns whether the wait was cancelled. */
    private synchronized boolean stopWaiting(Cancellation cancellation) {
        waiting = null;
        boolean woken = cancellation.requested();
        if (woken) {
            Thread.interrupted();
        }
        return woken;
    }

    /** Releases the permit. */
    void end() {
        limit.release();
    }
}
