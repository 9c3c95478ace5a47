// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A thread that enforces deadlines for all connections. Its actions must never block; closing a socket does not. */
public final class Watchdog {
    private static final ScheduledThreadPoolExecutor EXECUTOR = create();

    private Watchdog() {}

    private static ScheduledThreadPoolExecutor create() {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, work -> {
            Thread thread = new Thread(work, "vmmig-watchdog");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        // No thread remains once an application no longer uses vmmig.
        executor.setKeepAliveTime(5, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    /** Runs {@code action} once, after {@code delay}. */
    public static ScheduledFuture<?> in(Duration delay, Runnable action) {
        return EXECUTOR.schedule(action, delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    static ScheduledFuture<?> every(Duration interval, Runnable action) {
        return EXECUTOR.scheduleAtFixedRate(action, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }
}
