// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.io.Closeable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A pool of native contexts for concurrent threads. Each holds megabytes outside of the heap, and freeing one that a thread still uses
 * would crash the JVM. Thread-safe.
 */
final class NativeContexts<C extends Closeable> implements Closeable {
    private final Supplier<C> maker;
    private final Deque<C> idle = new ArrayDeque<>();
    private boolean closed;

    NativeContexts(Supplier<C> maker) {
        this.maker = maker;
    }

    /** Work with a context. */
    interface Work<C, E extends Exception> {
        void with(C context) throws E;
    }

    <E extends Exception> void with(Work<C, E> work) throws E {
        C taken = take();
        C context = taken == null ? maker.get() : taken;
        try {
            work.with(context);
        } finally {
            give(context);
        }
    }

    private synchronized @Nullable C take() {
        return idle.poll();
    }

    private synchronized void give(C context) {
        if (closed) {
            free(context);
        } else {
            idle.push(context);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(NativeContexts::free);
        idle.clear();
    }

    private static void free(Closeable context) {
        try {
            context.close();
        } catch (java.io.IOException e) {
            throw new AssertionError("freeing memory does no input or output", e);
        }
    }
}
