// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.matrix;

import io.vmmig.lab.LabException;
import io.vmmig.lab.host.MoveFailed;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs tasks with a time limit. */
public final class Deadline {
    private Deadline() {}

    /**
     * Returns the task's result. A task that takes longer is interrupted and abandoned.
     *
     * @throws LabException when the task fails, or is not done in time
     */
    public static <T> T within(int seconds, Callable<T> what) {
        FutureTask<T> task = new FutureTask<>(what);
        Thread thread = new Thread(task, Thread.currentThread().getName() + "-cell");
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(seconds, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            task.cancel(true);
            throw new LabException("not done within " + seconds + " s");
        } catch (ExecutionException e) {
            throw new LabException("it failed", Objects.requireNonNullElse(e.getCause(), e));
        } catch (InterruptedException e) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    /** The messages of an exception and its causes, in one line. */
    public static String whole(Throwable e) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            String said = cause instanceof LabException || cause instanceof MoveFailed
                    ? String.valueOf(cause.getMessage())
                    : cause.toString();
            if (text.indexOf(said) < 0) {
                text.append(text.isEmpty() ? "" : ": ").append(said);
            }
        }
        return text.toString();
    }
}
