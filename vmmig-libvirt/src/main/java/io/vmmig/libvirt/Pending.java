// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A call of libvirt that was begun. Whoever waits for it may give it up; what it does after that is then dealt with as its
 * {@link Late} says, and until that is done nobody can say what there is. Thread-safe.
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

    boolean succeeded() {
        return result.isDone() && !result.isCompletedExceptionally();
    }

    /** Has {@code then} called when the call has ended, whether or not somebody waits for it. */
    void whenDone(Runnable then) {
        result.whenComplete((value, failure) -> then.run());
    }

    /** Has {@code then} called when the call has ended, and what it did too late has been dealt with. */
    void whenOver(Runnable then) {
        over.whenComplete((value, failure) -> then.run());
    }

    /** Waits for the call; what it failed with is thrown anew. A call that has not ended by then goes on. */
    T await(Duration deadline) throws VmmigException {
        return Calls.await(result, doing, deadline);
    }

    /** Waits until the call has ended, well or badly; false if it has not by then. */
    boolean awaitEnd(Duration deadline) {
        return within(deadline, result.handle((value, failure) -> true));
    }

    /** Waits until what the call did is done, and what it did too late is dealt with; false if that takes longer. */
    boolean awaitOver(Duration deadline) {
        return within(deadline, over.copy());
    }

    private static boolean within(Duration deadline, CompletableFuture<Boolean> end) {
        return end.completeOnTimeout(false, deadline.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    /** As {@link #await}, but whoever waits in vain gives the call up. */
    T awaitOrGiveUp(Duration deadline) throws VmmigException {
        try {
            return await(deadline);
        } catch (HypervisorException e) {
            if (e.problem() == Problem.HYPERVISOR_TIMEOUT && !giveUp()) {
                // It has ended in this moment.
                return await(Duration.ZERO);
            }
            throw e;
        }
    }

    /** Gives the call up, if it has not ended; false if it has. */
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

    /** Whether anything has been changed, for certain. */
    boolean hasChanged() {
        return changed;
    }

    /**
     * The call has ended.
     *
     * @param end completes its result
     * @return whether it was given up before
     */
    synchronized boolean end(Consumer<CompletableFuture<T>> end) {
        end.accept(result);
        return givenUp;
    }

    /** Nothing that is left of it can change anything any more. */
    void finish() {
        over.complete(true);
    }
}
