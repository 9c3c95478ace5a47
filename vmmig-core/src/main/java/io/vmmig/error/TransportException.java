// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The package could not be written, read or carried to the other end. */
public final class TransportException extends VmmigException {
    private static final long serialVersionUID = 1;

    TransportException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** For implementations of vmmig's interfaces, with a problem of {@link Problem.Family#TRANSPORT}; users only catch it. */
    public TransportException(Problem problem, String what, String remedy) {
        this(problem, what, remedy, null);
    }

    /** As {@link #TransportException(Problem, String, String)}, with the cause, or null. */
    public TransportException(Problem problem, String what, String remedy, @Nullable Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
