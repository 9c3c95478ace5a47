// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testing;

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
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }
}
