// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** Content is not what its digest, its seal or its signatures say it is, or was not meant for here. */
public final class IntegrityException extends VmmigException {
    private static final long serialVersionUID = 1;

    /**
     * Made by libraries that implement the interfaces of vmmig; users catch it.
     *
     * @param failure what went wrong; its problem is of the family {@link Problem.Family#INTEGRITY}
     * @param cause what lies beneath, or null
     */
    public IntegrityException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #IntegrityException(Failure, Throwable)}, knowing the problem only. */
    public IntegrityException(Problem problem, String what, String remedy) {
        this(Failure.of(problem, what, remedy), null);
    }

    /** As {@link #IntegrityException(Failure, Throwable)}, knowing the problem and its cause. */
    public IntegrityException(Problem problem, String what, String remedy, Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
