// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** Tells what an {@link IOException} is about. */
final class IoFailures {
    /** Chains of causes are short; one that is not has a loop in it. */
    private static final int MAX_CAUSES = 32;

    private IoFailures() {}

    static VmmigException classify(IOException failure, Problem problem, String what, String remedy) {
        VmmigException wrapped = wrapped(failure);
        if (wrapped != null) {
            return wrapped;
        }
        if (isInterrupt(failure)) {
            return of(Problem.CANCELLED, what + ": the thread was interrupted", "", failure);
        }
        if (isFullDisk(failure)) {
            return of(
                    Problem.DISK_FULL,
                    what + ": no space is left on the device",
                    "Free some space, and try again.",
                    failure);
        }
        return of(problem, what + ": " + words(failure), remedy, failure);
    }

    /** The JDK's own words for the commonest failures are the name of the file, and nothing else. */
    private static String words(IOException failure) {
        if (failure instanceof NoSuchFileException missing) {
            return "there is no file " + missing.getFile();
        }
        if (failure instanceof AccessDeniedException denied) {
            return "permission denied for " + denied.getFile();
        }
        if (failure instanceof FileAlreadyExistsException present) {
            return "there is a file " + present.getFile() + " already";
        }
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }

    private static VmmigException of(Problem problem, String what, String remedy, IOException cause) {
        return VmmigException.of(Failure.of(problem, what, remedy), cause);
    }

    private static @Nullable VmmigException wrapped(IOException failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
            if (cause instanceof VmmigException found) {
                return found;
            }
            cause = cause.getCause();
        }
        return null;
    }

    private static boolean isInterrupt(IOException failure) {
        // A socket's timeout is a subclass of an interrupt for reasons of history.
        return failure instanceof ClosedByInterruptException
                || (failure instanceof InterruptedIOException && !(failure instanceof SocketTimeoutException));
    }

    private static boolean isFullDisk(IOException failure) {
        // The JDK passes on no error number, only the words of ENOSPC and EDQUOT.
        String words = String.valueOf(failure.getMessage());
        return words.contains("No space left on device") || words.contains("Disk quota exceeded");
    }
}
