// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** For conditions that nothing signals. */
public final class Await {
    private static final long TIMEOUT_SECONDS = 30;

    private Await() {}

    public static void until(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + TIMEOUT_SECONDS + " s: " + what);
            }
            timePasses(Duration.ofMillis(5));
        }
    }

    /** So many threads of this program read from the other ends of sessions; a reader ends when its session learns that it has ended. */
    public static void readers(int count) throws Exception {
        until(
                count + " threads that read",
                () -> Thread.getAllStackTraces().keySet().stream()
                                .filter(thread -> thread.getName().startsWith("vmmig-reader"))
                                .count()
                        == count);
    }

    /** For tests in which a timeout is to pass and nothing may happen, and for peers that are slow. Anything else has a condition. */
    public static void timePasses(Duration time) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(time.toMillis());
    }
}
