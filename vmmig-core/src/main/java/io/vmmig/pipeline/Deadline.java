// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Stops a migration that takes too long, unless the deadline is closed first. */
record Deadline(CompletableFuture<Boolean> alarm) {
    /** Starts now; {@code what} is the subject and the verb, such as "the guest was paused for". */
    static Deadline after(Duration atMost, String what, Cancellation cancellation) {
        Failure reason = Failure.of(
                Problem.DEADLINE_EXCEEDED,
                what + " longer than " + words(atMost) + ", which is all that the " + cancellation.end() + " allows",
                "Look for what is slow, or allow more time there.");
        CompletableFuture<Boolean> alarm = new CompletableFuture<>();
        // Stopping may take a while and must not delay other deadlines.
        alarm.thenRunAsync(() -> cancellation.request(reason), stopping -> {
            Thread thread = new Thread(stopping, "vmmig-deadline");
            thread.setDaemon(true);
            thread.start();
        });
        return new Deadline(alarm.completeOnTimeout(true, atMost.toMillis(), TimeUnit.MILLISECONDS));
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
