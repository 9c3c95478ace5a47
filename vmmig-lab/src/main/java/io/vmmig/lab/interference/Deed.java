// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.LabException;
import io.vmmig.lab.matrix.Deadline;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** An action that someone has started; libvirt may delay it. */
final class Deed {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final FutureTask<String> task;

    private Deed(FutureTask<String> task) {
        this.task = task;
    }

    /** @param what returns the result, or throws the refusal */
    static Deed begin(Callable<String> what) {
        FutureTask<String> task = new FutureTask<>(what);
        Thread thread = new Thread(task, "deed");
        thread.setDaemon(true);
        thread.start();
        return new Deed(task);
    }

    /** Whether it finished within that time. */
    boolean overWithin(Duration time) {
        try {
            task.get(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            // A refusal finishes it as well.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
        return true;
    }

    /** Whether it was done, and not refused. */
    boolean accepted() {
        try {
            task.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (ExecutionException e) {
            return false;
        } catch (TimeoutException e) {
            throw new LabException("the action does not finish", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    @Override
    public String toString() {
        if (!task.isDone()) {
            return "not over";
        }
        try {
            return "done: " + task.get();
        } catch (ExecutionException e) {
            return "refused: " + Deadline.whole(Objects.requireNonNullElse(e.getCause(), e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }
}
