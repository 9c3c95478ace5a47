// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** Content does not match its digest, seal or signatures, or was not meant for this host. */
public final class IntegrityException extends VmmigException {
    private static final long serialVersionUID = 1;

    IntegrityException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** For implementations of vmmig's interfaces, with a problem of {@link Problem.Family#INTEGRITY}; users only catch it. */
    public IntegrityException(Problem problem, String what, String remedy) {
        this(problem, what, remedy, null);
    }

    /** As {@link #IntegrityException(Problem, String, String)}, with the cause, or null. */
    public IntegrityException(Problem problem, String what, String remedy, @Nullable Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
