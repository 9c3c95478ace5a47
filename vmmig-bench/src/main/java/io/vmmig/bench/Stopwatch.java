// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

/** Time that passes from its making. */
public final class Stopwatch {
    private final long start = System.nanoTime();

    /** Milliseconds until now. */
    public long millis() {
        return (System.nanoTime() - start) / 1_000_000;
    }
}
