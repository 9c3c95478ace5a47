// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.CancelledException;
import io.vmmig.Problem;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** One of a limited number of migrations that go on at once. The wait for it ends when the migration is cancelled. */
final class Turn {
    private final @Nullable Semaphore limit;
    private @Nullable Thread waiting;

    private Turn(@Nullable Semaphore limit) {
        this.limit = limit;
    }

    /**
     * Waits for a turn.
     *
     * @param limit has a permit for each migration that may go on; null if any number may
     */
    static Turn await(@Nullable Semaphore limit, Cancellation cancellation) throws CancelledException {
        Turn turn = new Turn(limit);
        if (limit != null && !limit.tryAcquire()) {
            turn.awaitPermit(limit, cancellation);
        }
        return turn;
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
            throw new CancelledException(Problem.CANCELLED, "the migration was cancelled before its turn came", "", e);
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
        if (limit != null) {
            limit.release();
        }
    }
}
