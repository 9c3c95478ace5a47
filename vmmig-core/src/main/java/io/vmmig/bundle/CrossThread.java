// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.error.CancelledException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.snapshot.HeapBudget;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Passes a failure from one thread to the thread that waits for it. */
final class CrossThread {
    private CrossThread() {}

    /** The result of {@code future}; rethrows its failure unchanged. */
    static <T> T get(Future<T> future) throws Exception {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception exception) {
                throw exception;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e;
        }
    }

    /**
     * Converts a failure of another thread for the caller; unchecked ones are thrown rather than returned.
     *
     * @param doing what that thread was doing, as a sentence without its full stop
     */
    static VmmigException toCaller(Throwable failure, String doing) {
        if (failure instanceof VmmigException exception) {
            return exception;
        }
        if (failure instanceof IOException exception) {
            return VmmigException.from(exception, Problem.FILE_FAILED, doing, "");
        }
        if (failure instanceof OutOfMemoryError) {
            return HeapBudget.checked(failure);
        }
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof RuntimeException exception) {
            throw exception;
        }
        if (failure instanceof InterruptedException) {
            // Only close() interrupts these threads.
            return closed(doing);
        }
        throw new IllegalStateException(doing, failure);
    }

    /** The caller's thread was interrupted; its interrupt status is restored. */
    static CancelledException interrupted(String doing, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new CancelledException(Problem.CANCELLED, doing + ": the thread was interrupted", "", cause);
    }

    /** Another thread has closed the reader or writer. */
    static CancelledException closed(String doing) {
        return new CancelledException(Problem.CANCELLED, doing + ": it was closed", "");
    }
}
