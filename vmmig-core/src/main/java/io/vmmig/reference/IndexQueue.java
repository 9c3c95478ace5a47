// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.error.VmmigException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Builds indexes one after the other, on a low-priority thread. Thread-safe. */
final class IndexQueue implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IndexQueue.class);
    private static final int CLOSE_SECONDS = 30;

    private final ExecutorService builder = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "vmmig-references");
        thread.setDaemon(true);
        thread.setPriority(Thread.MIN_PRIORITY);
        return thread;
    });
    private final ConcurrentHashMap<String, CompletableFuture<Void>> underWay = new ConcurrentHashMap<>();

    /** Builds an index, unless there is one. */
    interface Building {
        void run() throws VmmigException;
    }

    /**
     * Queues the build of an index, unless it is queued already.
     *
     * @param name names the index
     * @return completes when the index is built; exceptionally with the exception of {@code building}, or with a {@link
     *     CancellationException} if this queue is closed
     */
    CompletionStage<Void> add(String name, Building building) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> others = underWay.putIfAbsent(name, mine);
        if (others != null) {
            return others.minimalCompletionStage();
        }
        try {
            builder.execute(() -> {
                try {
                    building.run();
                    underWay.remove(name, mine);
                    mine.complete(null);
                } catch (VmmigException | RuntimeException | Error e) {
                    underWay.remove(name, mine);
                    LOG.debug("the index of {} was not built", name, e);
                    mine.completeExceptionally(builder.isShutdown() ? closed() : e);
                }
            });
        } catch (RejectedExecutionException e) {
            underWay.remove(name, mine);
            mine.completeExceptionally(closed());
        }
        return mine.minimalCompletionStage();
    }

    private static CancellationException closed() {
        return new CancellationException("the reference store was closed");
    }

    /** Stops building, and waits up to half a minute for that. */
    @Override
    public void close() {
        builder.shutdownNow();
        try {
            if (!builder.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("the index builder has not stopped yet");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        underWay.values().forEach(future -> future.completeExceptionally(closed()));
    }
}
