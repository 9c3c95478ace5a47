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

/** Classifies an {@link IOException}. */
final class IoFailures {
    /** Bounds the search, since a chain of causes can have a loop. */
    private static final int MAX_CAUSES = 32;

    private IoFailures() {}

    static VmmigException classify(IOException failure, Problem problem, String what, String remedy) {
        VmmigException wrapped = wrapped(failure);
        if (wrapped != null) {
            return wrapped;
        }
        if (isInterrupt(failure)) {
            return VmmigException.of(Problem.CANCELLED, what + ": the thread was interrupted", "", failure);
        }
        if (isFullDisk(failure)) {
            return VmmigException.of(
                    Problem.DISK_FULL,
                    what + ": no space is left on the device",
                    "Free some space, and try again.",
                    failure);
        }
        return VmmigException.of(problem, what + ": " + words(failure), remedy, failure);
    }

    /** A sentence for the most common failures, whose JDK message is only the file's name. */
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
        // SocketTimeoutException extends InterruptedIOException for historical reasons.
        return failure instanceof ClosedByInterruptException
                || (failure instanceof InterruptedIOException && !(failure instanceof SocketTimeoutException));
    }

    private static boolean isFullDisk(IOException failure) {
        // The JDK does not expose the error number, only the text of ENOSPC and EDQUOT.
        String words = String.valueOf(failure.getMessage());
        return words.contains("No space left on device") || words.contains("Disk quota exceeded");
    }
}
