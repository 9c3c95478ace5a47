// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** For conditions that nobody tells of. */
public final class Await {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private Await() {}

    public static void until(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("still not: " + what);
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }
}
