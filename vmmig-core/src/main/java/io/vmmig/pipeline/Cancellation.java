// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.CancelledException;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** The wish to stop, which any thread may have, until the point of no return. */
public final class Cancellation {
    private enum State {
        OPEN,
        REQUESTED,
        TOO_LATE
    }

    private final String end;
    private final Object lock = new Object();
    private final List<Runnable> stoppers = new ArrayList<>();
    private final CompletableFuture<Void> asked = new CompletableFuture<>();
    private State state = State.OPEN;
    private Failure reason;

    /** Nobody has asked yet. @param end whose migration it is, "source" or "destination", for messages at both ends */
    public Cancellation(String end) {
        this.end = end;
        this.reason = Failure.of(Problem.CANCELLED, "the migration was cancelled at the " + end, "");
    }

    String end() {
        return end;
    }

    /** Asks to stop; false if it is too late. Idempotent. */
    public boolean request() {
        return request(reason());
    }

    /** As {@link #request()}, for a reason of its own, unless it has been asked for before. */
    boolean request(Failure why) {
        List<Runnable> toRun;
        synchronized (lock) {
            if (state != State.OPEN) {
                return state == State.REQUESTED;
            }
            state = State.REQUESTED;
            reason = why;
            toRun = List.copyOf(stoppers);
        }
        // Who waits goes on at once, however long it takes to stop the rest.
        asked.complete(null);
        toRun.forEach(Runnable::run);
        return true;
    }

    /** Whatever may block is ended by {@code stopper} when a stop is asked for; at once if it has been. */
    void onRequest(Runnable stopper) {
        synchronized (lock) {
            stoppers.add(stopper);
            if (state != State.REQUESTED) {
                return;
            }
        }
        stopper.run();
    }

    /**
     * Waits for {@code part}, but no longer than until a stop is asked for.
     *
     * @throws CancelledException if that came first
     */
    <T> T await(CompletableFuture<T> part) throws VmmigException {
        CompletableFuture.anyOf(part, asked).handle((value, failure) -> true).join();
        check();
        return get(part);
    }

    /** What {@code part} comes to; what it failed with is thrown anew, so that both stacks can be read. */
    static <T> T get(CompletableFuture<T> part) throws VmmigException {
        try {
            return part.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof VmmigException failure) {
                throw VmmigException.of(failure.failure(), failure);
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof RuntimeException bug ? bug : e;
        }
    }

    void check() throws CancelledException {
        if (requested()) {
            throw cancelled();
        }
    }

    /** From here on {@link #request()} answers that it is too late, unless it came first: then this throws. */
    void pointOfNoReturn() throws CancelledException {
        synchronized (lock) {
            if (state == State.REQUESTED) {
                throw cancelled();
            }
            state = State.TOO_LATE;
        }
    }

    boolean requested() {
        synchronized (lock) {
            return state == State.REQUESTED;
        }
    }

    /** Why it is to stop. */
    Failure reason() {
        synchronized (lock) {
            return reason;
        }
    }

    /** What is to be said of a failure: once a stop was asked for, whatever fails comes from that. */
    VmmigException explained(VmmigException thrown) {
        Failure why = reason();
        return requested() && !thrown.failure().equals(why) ? new CancelledException(why, thrown) : thrown;
    }

    private CancelledException cancelled() {
        return new CancelledException(reason(), null);
    }
}
