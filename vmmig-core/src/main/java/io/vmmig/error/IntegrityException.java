// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** Content does not match its digest, seal or signatures, or was not meant for this host. */
public final class IntegrityException extends VmmigException {
    private static final long serialVersionUID = 1;

    /**
     * For implementations of vmmig's interfaces; users only catch it.
     *
     * @param failure what went wrong; its problem is of the family {@link Problem.Family#INTEGRITY}
     * @param cause the cause, or null
     */
    public IntegrityException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #IntegrityException(Failure, Throwable)}, with the problem only. */
    public IntegrityException(Problem problem, String what, String remedy) {
        this(Failure.of(problem, what, remedy), null);
    }

    /** As {@link #IntegrityException(Failure, Throwable)}, with the problem and its cause. */
    public IntegrityException(Problem problem, String what, String remedy, Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
