// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/**
 * The migration was cancelled, or took longer than allowed: at this end ({@link Problem#CANCELLED}, {@link Problem#DEADLINE_EXCEEDED}),
 * or at the other ({@link Problem#PEER_CANCELLED}, {@link Problem#PEER_DEADLINE_EXCEEDED}). The message says at which.
 */
public final class CancelledException extends VmmigException {
    private static final long serialVersionUID = 1;

    /** For implementations of vmmig's interfaces, with a problem of {@link Problem.Family#CANCELLED}; users only catch it. */
    public CancelledException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #CancelledException(Failure, Throwable)}, of a failure of which only the problem is known. */
    public CancelledException(Problem problem, String what, String remedy) {
        this(problem, what, remedy, null);
    }

    /** As {@link #CancelledException(Problem, String, String)}, with the cause, or null. */
    public CancelledException(Problem problem, String what, String remedy, @Nullable Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
