// SPDX-License-Identifier: Apache-2.0
package io.vmmig;

import io.vmmig.error.CancelledException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.pipeline.Cancellation;
import io.vmmig.report.MigrationReport;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A migration that is under way, at one of its ends. Thread-safe.
 *
 * @param <R> the report of that end
 */
public final class Migration<R extends MigrationReport> {
    private final Cancellation cancellation;
    private final CompletableFuture<R> outcome = new CompletableFuture<>();

    private Migration(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    static <R extends MigrationReport> Migration<R> start(
            String threadName, Cancellation cancellation, Callable<R> work) {
        Migration<R> migration = new Migration<>(cancellation);
        // Not a daemon: a program whose main thread ends must not leave a guest paused for ever.
        new Thread(() -> migration.run(work), threadName).start();
        return migration;
    }

    private void run(Callable<R> work) {
        try {
            outcome.complete(work.call());
        } catch (Throwable e) {
            outcome.completeExceptionally(e);
        }
    }

    /**
     * Completes when the migration is over: with its report, or exceptionally with the {@link VmmigException} that {@link #await()} throws.
     * By default dependent stages run in the migration's thread. Completing or cancelling the returned stage does not affect the migration;
     * see {@link #cancel()}.
     */
    public CompletionStage<R> completion() {
        return outcome.minimalCompletionStage();
    }

    /**
     * Waits until the migration succeeds or fails. The migration continues if the waiting thread is interrupted.
     *
     * @throws VmmigException why it failed, and in which state both ends are left
     */
    public R await() throws VmmigException, InterruptedException {
        try {
            return outcome.get();
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
    }

    /**
     * As {@link #await()}, but waits no longer than {@code atMost}.
     *
     * @throws TimeoutException when the migration is not over by then; it continues
     */
    public R await(Duration atMost) throws VmmigException, InterruptedException, TimeoutException {
        try {
            return outcome.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
    }

    private static VmmigException rethrown(@Nullable Throwable cause) {
        if (cause instanceof VmmigException e) {
            // Wrapped, so that the trace shows the waiting thread's stack too.
            return VmmigException.of(e.failure(), e);
        }
        if (cause instanceof Error e) {
            throw e;
        }
        throw new IllegalStateException("a bug of vmmig: " + cause, cause);
    }

    /** Whether the migration has succeeded or failed. */
    public boolean done() {
        return outcome.isDone();
    }

    /**
     * Asks the migration to stop. The guest then keeps running at the source, the destination keeps nothing, and {@link #await()} throws
     * {@link CancelledException}, with {@link Problem#CANCELLED} at this end and {@link Problem#PEER_CANCELLED} at the other. Both ends
     * stop within a second, unless the hypervisor does not answer while it suspends, resumes or removes the guest. Idempotent; may be
     * called from any thread.
     *
     * @return false if it is too late, because the guest is being handed over or the migration is done
     */
    public boolean cancel() {
        return cancellation.request();
    }
}
