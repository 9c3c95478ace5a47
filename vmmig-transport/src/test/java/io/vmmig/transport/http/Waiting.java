// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** For conditions that nobody tells of. */
final class Waiting {
    private Waiting() {}

    static void until(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("it does not come true");
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }
}
