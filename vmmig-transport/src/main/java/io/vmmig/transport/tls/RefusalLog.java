// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Logs rejected peers at a limited rate, so that nobody can fill the disk or bury an important line. Thread-safe. */
final class RefusalLog {
    private static final int BURST = 20;
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final Consumer<String> log;
    private final RateLimit limit;
    private long unsaid;

    RefusalLog(Consumer<String> log, LongSupplier nanoTime) {
        this.log = log;
        this.limit = new RateLimit(BURST, INTERVAL, nanoTime);
    }

    void say(String line) {
        long before;
        synchronized (this) {
            if (!limit.tryOne()) {
                unsaid++;
                return;
            }
            before = unsaid;
            unsaid = 0;
        }
        log.accept(before == 0 ? line : line + " (and " + before + " more since the last such line)");
    }
}
