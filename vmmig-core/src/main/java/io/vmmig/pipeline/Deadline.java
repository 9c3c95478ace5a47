// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Stops a migration that takes too long, unless the deadline is closed first. */
final class Deadline {
    private static final ScheduledThreadPoolExecutor CLOCK = clock();

    private final Future<?> alarm;

    private Deadline(Future<?> alarm) {
        this.alarm = alarm;
    }

    private static ScheduledThreadPoolExecutor clock() {
        ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, task -> daemon(task, "vmmig-clock"));
        clock.setRemoveOnCancelPolicy(true);
        return clock;
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Starts now; {@code what} describes what is limited, such as "the guest was paused". */
    static Deadline after(Duration atMost, String what, Cancellation cancellation) {
        Failure reason = Failure.of(
                Problem.DEADLINE_EXCEEDED,
                what + " for longer than " + words(atMost) + ", which is all that the " + cancellation.end()
                        + " allows",
                "Look for what is slow, or allow more time there.");
        // Stopping may take a while and must not delay other deadlines.
        return new Deadline(CLOCK.schedule(
                () -> daemon(() -> cancellation.request(reason), "vmmig-deadline")
                        .start(),
                atMost.toMillis(),
                TimeUnit.MILLISECONDS));
    }

    private static String words(Duration duration) {
        return duration.compareTo(Duration.ofMinutes(1)) < 0
                ? duration.toMillis() / 1000.0 + " s"
                : duration.toMinutes() + " min";
    }

    /** Cancels the deadline. */
    void close() {
        alarm.cancel(false);
    }
}
