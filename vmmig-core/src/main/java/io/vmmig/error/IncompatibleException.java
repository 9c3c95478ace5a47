// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The guest, the destination or this program do not fit together; unless the failure says otherwise, nothing was changed. */
public final class IncompatibleException extends VmmigException {
    private static final long serialVersionUID = 1;

    /**
     * Made by libraries that implement the interfaces of vmmig; users catch it.
     *
     * @param failure what went wrong; its problem is of the family {@link Problem.Family#INCOMPATIBLE}
     * @param cause what lies beneath, or null
     */
    public IncompatibleException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #IncompatibleException(Failure, Throwable)}, knowing the problem only. */
    public IncompatibleException(Problem problem, String what, String remedy) {
        this(Failure.of(problem, what, remedy), null);
    }

    /** As {@link #IncompatibleException(Failure, Throwable)}, knowing the problem and its cause. */
    public IncompatibleException(Problem problem, String what, String remedy, Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
