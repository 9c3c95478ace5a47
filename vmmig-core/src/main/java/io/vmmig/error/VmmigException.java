// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The base of all exceptions of vmmig. The subclass tells the family, {@link #problem()} the exact problem, and {@link #failure()} the
 * guest, the phase, the state in which both ends are left, and what the user can do.
 *
 * <p>The message is one line that can be shown to a user as it is.
 */
public abstract sealed class VmmigException extends Exception
        permits HypervisorException,
                IncompatibleException,
                TransportException,
                PackageFormatException,
                IntegrityException,
                CancelledException {
    private static final long serialVersionUID = 1;

    private final Failure failure;

    VmmigException(Failure failure, @Nullable Throwable cause) {
        super(failure.sentence(), cause);
        this.failure = failure;
    }

    /** The exception of the family that the failure's problem belongs to. */
    public static VmmigException of(Failure failure, @Nullable Throwable cause) {
        return switch (failure.problem().family()) {
            case HYPERVISOR -> new HypervisorException(failure, cause);
            case INCOMPATIBLE -> new IncompatibleException(failure, cause);
            case TRANSPORT -> new TransportException(failure, cause);
            case PACKAGE_FORMAT -> new PackageFormatException(failure, cause);
            case INTEGRITY -> new IntegrityException(failure, cause);
            case CANCELLED -> new CancelledException(failure, cause);
        };
    }

    /** The exception of the family that {@code problem} belongs to. */
    public static VmmigException of(Problem problem, String what, String remedy) {
        return of(problem, what, remedy, null);
    }

    /** As {@link #of(Problem, String, String)}, with the cause, or null. */
    public static VmmigException of(Problem problem, String what, String remedy, @Nullable Throwable cause) {
        return of(Failure.of(problem, what, remedy), cause);
    }

    /**
     * Converts a failed read or write. An exception of vmmig that a stream has wrapped is unwrapped; a full disk becomes {@link
     * Problem#DISK_FULL} and an interrupt {@link Problem#CANCELLED}; anything else becomes {@code problem}.
     *
     * @param failure what the stream threw
     * @param problem the problem, unless a more specific one is known
     * @param what what was being done, as a sentence without its full stop; the stream's message is appended
     * @param remedy what the user can do about it, as one sentence; empty when there is nothing
     */
    public static VmmigException from(IOException failure, Problem problem, String what, String remedy) {
        return IoFailures.classify(failure, problem, what, remedy);
    }

    /** What went wrong, in full. */
    public Failure failure() {
        return failure;
    }

    /** What kind of problem it is. */
    public Problem problem() {
        return failure.problem();
    }
}
