// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The guest does not suit the destination or this program. Nothing was changed, except as the failure says. */
public final class IncompatibleException extends VmmigException {
    private static final long serialVersionUID = 1;

    /**
     * For implementations of vmmig's interfaces; users only catch it.
     *
     * @param failure what went wrong; its problem is of the family {@link Problem.Family#INCOMPATIBLE}
     * @param cause the cause, or null
     */
    public IncompatibleException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #IncompatibleException(Failure, Throwable)}, with the problem only. */
    public IncompatibleException(Problem problem, String what, String remedy) {
        this(Failure.of(problem, what, remedy), null);
    }

    /** As {@link #IncompatibleException(Failure, Throwable)}, with the problem and its cause. */
    public IncompatibleException(Problem problem, String what, String remedy, Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
