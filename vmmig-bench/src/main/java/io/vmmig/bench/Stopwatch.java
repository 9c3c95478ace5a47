// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

/** Measures time from its creation. */
public final class Stopwatch {
    private final long start = System.nanoTime();

    /** Milliseconds until now. */
    public long millis() {
        return (System.nanoTime() - start) / 1_000_000;
    }
}
