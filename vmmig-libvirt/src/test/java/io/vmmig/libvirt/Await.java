// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** For conditions that nothing signals. */
final class Await {
    private Await() {}

    static void until(String what, Duration timeout, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + timeout.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + timeout + ": " + what);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}
