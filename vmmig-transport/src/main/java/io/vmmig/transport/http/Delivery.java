// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.util.concurrent.atomic.AtomicInteger;

/** How often an object was sent, and the server's last answer. Thread-safe. */
final class Delivery {
    private final AtomicInteger attempts = new AtomicInteger();
    private volatile boolean begun;
    private volatile int status;

    /** Another attempt begins. */
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

    /** Whether it was sent only once, so that no other request for it can be in flight once that one was answered. */
    boolean once() {
        return attempts.get() == 1;
    }

    /** Whether the server has refused to overwrite something that was there. */
    boolean refusedToOverwrite() {
        return status == 409 || status == 412;
    }
}
