// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The guest does not suit the destination or this program. Nothing was changed, except as the failure says. */
public final class IncompatibleException extends VmmigException {
    private static final long serialVersionUID = 1;

    IncompatibleException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** For implementations of vmmig's interfaces, with a problem of {@link Problem.Family#INCOMPATIBLE}; users only catch it. */
    public IncompatibleException(Problem problem, String what, String remedy) {
        this(problem, what, remedy, null);
    }

    /** As {@link #IncompatibleException(Problem, String, String)}, with the cause, or null. */
    public IncompatibleException(Problem problem, String what, String remedy, @Nullable Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
