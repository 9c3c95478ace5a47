// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * A running libvirt call. A waiting caller may abandon it; its {@link Late} then handles a late success, and until that is done
 * the state is unknown. Thread-safe.
 */
final class Pending<T> {
    /** Stops a call of several steps between two of them. */
    static final class GivenUp extends RuntimeException {
        private static final long serialVersionUID = 1;

        GivenUp(String doing) {
            super("nobody waits any more for: " + doing);
        }
    }

    private final String doing;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final CompletableFuture<Boolean> over = new CompletableFuture<>();
    private volatile boolean changed;
    private boolean givenUp;

    Pending(String doing) {
        this.doing = doing;
    }

    String doing() {
        return doing;
    }

    boolean isDone() {
        return result.isDone();
    }

    boolean failed() {
        return result.isCompletedExceptionally();
    }

    /** Calls {@code then} when the call has ended, awaited or not. */
    void whenDone(Runnable then) {
        result.whenComplete((value, failure) -> then.run());
    }

    /** Calls {@code then} when the call has ended and a late success has been handled. */
    void whenOver(Runnable then) {
        over.whenComplete((value, failure) -> then.run());
    }

    /** Waits for the call, and rethrows its error. On a timeout the call continues. */
    T await(Duration deadline) throws VmmigException {
        boolean interrupted = false;
        long end = System.nanoTime() + deadline.toNanos();
        try {
            while (true) {
                try {
                    return result.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (TimeoutException e) {
                    throw Errors.timeout(doing, deadline);
                } catch (ExecutionException e) {
                    throw unwrap(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static VmmigException unwrap(ExecutionException e) {
        Throwable cause = e.getCause();
        if (cause instanceof VmmigException known) {
            // Rethrown as a new exception, so that both stacks are visible.
            return VmmigException.of(known.failure(), known);
        }
        if (cause instanceof Error error) {
            throw error;
        }
        throw new CompletionException(cause);
    }

    /** Waits until the call has succeeded or failed; false on a timeout. */
    boolean awaitEnd(Duration deadline) {
        return within(deadline, result.handle((value, failure) -> true));
    }

    /** Waits until the call has ended and a late success has been handled; false on a timeout. */
    boolean awaitOver(Duration deadline) {
        return within(deadline, over.copy());
    }

    private static boolean within(Duration deadline, CompletableFuture<Boolean> end) {
        return end.completeOnTimeout(false, deadline.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    /** As {@link #await}, but abandons the call on a timeout. */
    T awaitOrGiveUp(Duration deadline) throws VmmigException {
        try {
            return await(deadline);
        } catch (HypervisorException e) {
            if (e.problem() == Problem.HYPERVISOR_TIMEOUT && !giveUp()) {
                // It has just ended.
                return await(Duration.ZERO);
            }
            throw e;
        }
    }

    /** Abandons the call; false if it has already ended. */
    synchronized boolean giveUp() {
        givenUp |= !result.isDone();
        return givenUp;
    }

    /** Before each step that changes something. */
    synchronized void requireAwaited() {
        if (givenUp) {
            throw new GivenUp(doing);
        }
    }

    /** After each step that has changed something. */
    void changed() {
        changed = true;
    }

    /** Whether something has certainly been changed. */
    boolean hasChanged() {
        return changed;
    }

    /**
     * The call has ended.
     *
     * @param end completes its result
     * @return whether it had been abandoned
     */
    synchronized boolean end(Consumer<CompletableFuture<T>> end) {
        end.accept(result);
        return givenUp;
    }

    /** Called when nothing of it can change anything any more. */
    void finish() {
        over.complete(true);
    }
}
