// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The package could not be written, read or carried to the other end. */
public final class TransportException extends VmmigException {
    private static final long serialVersionUID = 1;

    /**
     * For implementations of vmmig's interfaces; users only catch it.
     *
     * @param failure what went wrong; its problem is of the family {@link Problem.Family#TRANSPORT}
     * @param cause the cause, or null
     */
    public TransportException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #TransportException(Failure, Throwable)}, with the problem only. */
    public TransportException(Problem problem, String what, String remedy) {
        this(Failure.of(problem, what, remedy), null);
    }

    /** As {@link #TransportException(Failure, Throwable)}, with the problem and its cause. */
    public TransportException(Problem problem, String what, String remedy, Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
