// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The background threads of one package: one that moves bytes to or from its stream, one that digests the decoded bytes, and several that
 * encode or decode. The mover and the digester run their tasks in order. Thread-safe.
 */
public final class WorkerPool implements AutoCloseable {
    private static final long FAREWELL_MILLIS = 500;

    private final ExecutorService mover;
    private final ExecutorService digester;
    private final ExecutorService workers;

    /** A pool whose threads are named after {@code name}. */
    public WorkerPool(String name) {
        this.mover = executor(name + "-mover", 1);
        this.digester = executor(name + "-digester", 1);
        this.workers = executor(name + "-worker", workerCount());
    }

    private static int workerCount() {
        return HeapBudget.ofThisProgram().segments() - 2;
    }

    private static ExecutorService executor(String name, int threads) {
        AtomicInteger number = new AtomicInteger();
        return Executors.newFixedThreadPool(threads, work -> {
            Thread thread = new Thread(work, name + '-' + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Runs a task on the mover, after all its earlier tasks. */
    public <T> Future<T> move(Callable<T> work) {
        return mover.submit(work);
    }

    /** Runs a task on the digester, after all its earlier tasks. */
    public <T> Future<T> digest(Callable<T> work) {
        return digester.submit(work);
    }

    /** Runs a task on any worker. */
    public <T> Future<T> work(Callable<T> work) {
        return workers.submit(work);
    }

    /** Whether {@link #close()} has been called; no task is accepted from then on. */
    public boolean closed() {
        return mover.isShutdown();
    }

    /**
     * Drops waiting tasks, and interrupts running ones. Threads that wait for a dropped task get a {@link
     * java.util.concurrent.CancellationException}. Waits a moment for the threads to end; one that is stuck in a stream ends when
     * that stream does.
     */
    @Override
    public void close() {
        for (ExecutorService executor : new ExecutorService[] {mover, digester, workers}) {
            for (Runnable dropped : executor.shutdownNow()) {
                ((Future<?>) dropped).cancel(false);
            }
        }
        try {
            if (mover.awaitTermination(FAREWELL_MILLIS, TimeUnit.MILLISECONDS)) {
                workers.awaitTermination(FAREWELL_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
