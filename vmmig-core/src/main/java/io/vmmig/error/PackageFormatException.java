// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** The bytes are not a valid package, or not a valid part of one. */
public final class PackageFormatException extends VmmigException {
    private static final long serialVersionUID = 1;

    PackageFormatException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** For implementations of vmmig's interfaces, with a problem of {@link Problem.Family#PACKAGE_FORMAT}; users only catch it. */
    public PackageFormatException(Problem problem, String what, String remedy) {
        this(problem, what, remedy, null);
    }

    /** As {@link #PackageFormatException(Problem, String, String)}, with the cause, or null. */
    public PackageFormatException(Problem problem, String what, String remedy, @Nullable Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
