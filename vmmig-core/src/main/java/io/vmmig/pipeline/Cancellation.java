// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.CancelledException;
import io.vmmig.Failure;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import java.util.ArrayList;
import java.util.List;

/** The wish to stop, which any thread may have, until the point of no return. */
public final class Cancellation {
    private enum State {
        OPEN,
        REQUESTED,
        TOO_LATE
    }

    private final Object lock = new Object();
    private final List<Runnable> stoppers = new ArrayList<>();
    private State state = State.OPEN;
    private Failure reason = Failure.of(Problem.CANCELLED, "the migration was cancelled", "");

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
        return requested() && thrown.problem() != why.problem() ? new CancelledException(why, thrown) : thrown;
    }

    private CancelledException cancelled() {
        return new CancelledException(reason(), null);
    }
}
