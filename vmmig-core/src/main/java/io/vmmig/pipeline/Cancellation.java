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

/** A request to stop, which any thread may make until the point of no return. */
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

    /** No request yet. {@code end} is the end that this migration runs at, "source" or "destination", for messages. */
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

    /** As {@link #request()}, with a specific reason; the first request's reason counts. */
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
        // Waiting threads continue at once, even if the stoppers take long.
        asked.complete(null);
        toRun.forEach(Runnable::run);
        return true;
    }

    /** Calls {@code stopper}, which ends something that may block, when a stop is requested; at once if it already was. */
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
     * Waits for {@code part} or for a request to stop.
     *
     * @throws CancelledException if the request came first
     */
    <T> T await(CompletableFuture<T> part) throws VmmigException {
        CompletableFuture.anyOf(part, asked).handle((value, failure) -> true).join();
        check();
        return get(part);
    }

    /** The result of {@code part}; its failure is wrapped, so that the trace shows both threads. */
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

    /** From here on {@link #request()} returns false; throws if a request came first. */
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

    /** The reason to stop. */
    Failure reason() {
        synchronized (lock) {
            return reason;
        }
    }

    /** The failure to report: after a request to stop, every failure is a consequence of it. */
    VmmigException explained(VmmigException thrown) {
        Failure why = reason();
        return requested() && !thrown.failure().equals(why) ? new CancelledException(why, thrown) : thrown;
    }

    /** For a thread that was interrupted while it waited. */
    static CancelledException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new CancelledException(Problem.CANCELLED, "the thread was interrupted", "", e);
    }

    private CancelledException cancelled() {
        return new CancelledException(reason(), null);
    }
}
