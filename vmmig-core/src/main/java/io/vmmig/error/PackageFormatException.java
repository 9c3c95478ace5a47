// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import org.jspecify.annotations.Nullable;

/** Bytes that claim to be a package, or part of one, are not. */
public final class PackageFormatException extends VmmigException {
    private static final long serialVersionUID = 1;

    /**
     * Made by libraries that implement the interfaces of vmmig; users catch it.
     *
     * @param failure what went wrong; its problem is of the family {@link Problem.Family#PACKAGE_FORMAT}
     * @param cause what lies beneath, or null
     */
    public PackageFormatException(Failure failure, @Nullable Throwable cause) {
        super(failure, cause);
    }

    /** As {@link #PackageFormatException(Failure, Throwable)}, knowing the problem only. */
    public PackageFormatException(Problem problem, String what, String remedy) {
        this(Failure.of(problem, what, remedy), null);
    }

    /** As {@link #PackageFormatException(Failure, Throwable)}, knowing the problem and its cause. */
    public PackageFormatException(Problem problem, String what, String remedy, Throwable cause) {
        this(Failure.of(problem, what, remedy), cause);
    }
}
