// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.error.CancelledException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.snapshot.HeapBudget;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Carries what went wrong in one thread to the thread that waits for it. */
final class CrossThread {
    private CrossThread() {}

    /** What {@code future} comes to; what it failed with is thrown as it was there, whatever it is. */
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
     * What a failure of another thread is to the caller; unchecked ones are thrown rather than returned.
     *
     * @param doing what that thread was doing, as a sentence without its end
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
            // Nobody interrupts these threads but close().
            return closed(doing);
        }
        throw new IllegalStateException(doing, failure);
    }

    /** The caller's thread has been interrupted; it stays so. */
    static CancelledException interrupted(String doing, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new CancelledException(Problem.CANCELLED, doing + ": the thread was interrupted", "", cause);
    }

    /** Another thread has closed what the caller uses. */
    static CancelledException closed(String doing) {
        return new CancelledException(Problem.CANCELLED, doing + ": it was closed", "");
    }
}
