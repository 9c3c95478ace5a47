// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.util.concurrent.atomic.AtomicLong;

/** How many bytes of a request's body, and of its answer's, have moved. Thread-safe. */
final class Pulse {
    /** Less than this is not called progress: a server must not keep us with a byte a second. */
    static final int LEAST_BYTES = 16 << 10;

    private final AtomicLong bytes = new AtomicLong();
    private volatile long lastAt = System.nanoTime();

    void moved(long more) {
        bytes.addAndGet(more);
        lastAt = System.nanoTime();
    }

    long bytes() {
        return bytes.get();
    }

    /** By {@link System#nanoTime()}; when it began, if nothing has moved. */
    long lastAt() {
        return lastAt;
    }

    boolean hasMoved() {
        return bytes.get() >= LEAST_BYTES;
    }
}
