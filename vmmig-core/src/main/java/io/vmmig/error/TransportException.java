// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The package could not be written, read or carried to the other end. */
public final class TransportException extends VmmigException {
    private static final long serialVersionUID = 1;

    /**
     * Made by libraries that implement the interfaces of vmmig; users catch it.
     *
     * @param failure what went wrong; its problem is of the family {@link Problem.Family#TRANSPORT}
     * @param cause what lies beneath, or null
     */
    public TransportException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #TransportException(Failure, Throwable)}, knowing the problem only. */
    public TransportException(Problem problem, String what, String remedy) {
        this(Failure.of(problem, what, remedy), null);
    }

    /** As {@link #TransportException(Failure, Throwable)}, knowing the problem and its cause. */
    public TransportException(Problem problem, String what, String remedy, Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
