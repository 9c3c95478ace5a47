// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.util.concurrent.atomic.AtomicInteger;

/** How often an object was sent, with all repetitions, and what the server has answered last. Thread-safe. */
final class Delivery {
    private final AtomicInteger attempts = new AtomicInteger();
    private volatile boolean begun;
    private volatile int status;

    /** It is tried once more. */
    void attempted() {
        attempts.incrementAndGet();
    }

    /** From here on some of it may be at the server. */
    void begun() {
        begun = true;
    }

    void answered(int code) {
        status = code;
    }

    /** Whether no byte of it can have left this host. */
    boolean neverLeft() {
        return !begun;
    }

    /** Whether it was sent once only, so that no earlier request for it can still be on its way when that one was answered. */
    boolean once() {
        return attempts.get() == 1;
    }

    /** Whether the server has refused to overwrite something that was there. */
    boolean refusedToOverwrite() {
        return status == 409 || status == 412;
    }
}
