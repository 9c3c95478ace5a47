// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The hypervisor failed, or a guest on it is not in the required state. */
public final class HypervisorException extends VmmigException {
    private static final long serialVersionUID = 1;

    HypervisorException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** For implementations of vmmig's interfaces, with a problem of {@link Problem.Family#HYPERVISOR}; users only catch it. */
    public HypervisorException(Problem problem, String what, String remedy) {
        this(problem, what, remedy, null);
    }

    /** As {@link #HypervisorException(Problem, String, String)}, with the cause, or null. */
    public HypervisorException(Problem problem, String what, String remedy, @Nullable Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
