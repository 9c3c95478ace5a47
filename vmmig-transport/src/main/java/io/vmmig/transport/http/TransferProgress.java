// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes of the bodies of a request and its response. Thread-safe. */
final class TransferProgress {
    /** Less than this does not count as progress, so that a server cannot hold a transfer open with a byte per second. */
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

    /** As {@link System#nanoTime()}; the start, if nothing has moved. */
    long lastAt() {
        return lastAt;
    }

    boolean hasMoved() {
        return bytes.get() >= LEAST_BYTES;
    }
}
