// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Where one migration of an agent waits until it is told to go on. Thread-safe. */
final class Barrier {
    /** Nobody who waits is forgotten for ever. */
    private static final long PATIENCE_SECONDS = 300;

    private final @Nullable Moment moment;
    private final Runnable reached;
    private final CountDownLatch opened = new CountDownLatch(1);
    private boolean passed;

    /** @param reached told once when it is reached */
    Barrier(@Nullable Moment moment, Runnable reached) {
        this.moment = moment;
        this.reached = reached;
    }

    boolean isFor(Class<?> type, String call, boolean after) {
        return moment != null && moment.isCall(type, call, after);
    }

    boolean isHalfwayThrough(Class<?> type) {
        return moment != null && moment.isHalfwayThrough(type);
    }

    boolean isForPhase(String phase) {
        return moment != null && moment.isPhase(phase);
    }

    boolean isForNothing() {
        return moment == null;
    }

    void await() {
        synchronized (this) {
            if (passed) {
                return;
            }
            passed = true;
        }
        reached.run();
        boolean interrupted = false;
        while (true) {
            try {
                if (!opened.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("nobody has opened the barrier at " + moment);
                }
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    void open() {
        opened.countDown();
    }
}
