// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The hypervisor failed, or a guest on it is not in the required state. */
public final class HypervisorException extends VmmigException {
    private static final long serialVersionUID = 1;

    /**
     * For implementations of vmmig's interfaces; users only catch it.
     *
     * @param failure what went wrong; its problem is of the family {@link Problem.Family#HYPERVISOR}
     * @param cause the cause, or null
     */
    public HypervisorException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #HypervisorException(Failure, Throwable)}, with the problem only. */
    public HypervisorException(Problem problem, String what, String remedy) {
        this(Failure.of(problem, what, remedy), null);
    }

    /** As {@link #HypervisorException(Failure, Throwable)}, with the problem and its cause. */
    public HypervisorException(Problem problem, String what, String remedy, Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
