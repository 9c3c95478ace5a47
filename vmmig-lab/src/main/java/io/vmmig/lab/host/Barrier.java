// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Where a migration of an agent waits until the test lets it continue. Thread-safe. */
final class Barrier {
    /** An upper bound, so that no migration waits for ever. */
    private static final long PATIENCE_SECONDS = 300;

    private final @Nullable InjectionPoint point;
    private final Runnable reached;
    private final CountDownLatch opened = new CountDownLatch(1);
    private boolean passed;

    /** @param reached called once, when a migration reaches the barrier */
    Barrier(@Nullable InjectionPoint point, Runnable reached) {
        this.point = point;
        this.reached = reached;
    }

    boolean isFor(Class<?> type, String call, boolean after) {
        return point != null && point.isCall(type, call, after);
    }

    boolean isHalfwayThrough(Class<?> type) {
        return point != null && point.isHalfwayThrough(type);
    }

    boolean isForPhase(String phase) {
        return point != null && point.isPhase(phase);
    }

    boolean isForNothing() {
        return point == null;
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
                    throw new IllegalStateException("nobody has opened the barrier at " + point);
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
