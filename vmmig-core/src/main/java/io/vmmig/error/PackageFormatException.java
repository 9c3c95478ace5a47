// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The bytes are not a valid package, or not a valid part of one. */
public final class PackageFormatException extends VmmigException {
    private static final long serialVersionUID = 1;

    /**
     * For implementations of vmmig's interfaces; users only catch it.
     *
     * @param failure what went wrong; its problem is of the family {@link Problem.Family#PACKAGE_FORMAT}
     * @param cause the cause, or null
     */
    public PackageFormatException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #PackageFormatException(Failure, Throwable)}, with the problem only. */
    public PackageFormatException(Problem problem, String what, String remedy) {
        this(Failure.of(problem, what, remedy), null);
    }

    /** As {@link #PackageFormatException(Failure, Throwable)}, with the problem and its cause. */
    public PackageFormatException(Problem problem, String what, String remedy, Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
