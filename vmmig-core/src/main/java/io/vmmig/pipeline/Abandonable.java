// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs work that may block for long, such as a call of libvirt or a name lookup, in its own thread. A cancelled migration does not wait for
 * it: the thread is interrupted and abandoned.
 */
final class Abandonable {
    private static final Logger LOG = LoggerFactory.getLogger(Abandonable.class);

    private Abandonable() {}

    /** As {@link #run(Work, Consumer, Cancellation)}, of what need not be undone. */
    static void check(Work.Step check, Cancellation cancellation) throws VmmigException {
        run(Work.of(check), cancellation);
    }

    /** As {@link #run(Work, Consumer, Cancellation)}, of what need not be undone. */
    static <T> T run(Work<T> work, Cancellation cancellation) throws VmmigException {
        return run(work, late -> {}, cancellation);
    }

    /**
     * Runs {@code work}, and waits until it is done or the migration is cancelled.
     *
     * @param ifLate disposes of a result that arrives after the cancellation
     * @throws VmmigException the failure of the work, or the cancellation
     */
    static <T> T run(Work<T> work, Consumer<T> ifLate, Cancellation cancellation) throws VmmigException {
        cancellation.check();
        CompletableFuture<T> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> complete(done, work, ifLate), Thread.currentThread().getName() + "-waiting");
        thread.setDaemon(true);
        thread.start();
        cancellation.onRequest(() -> {
            if (done.cancel(false)) {
                thread.interrupt();
            }
        });
        try {
            return Cancellation.get(done);
        } catch (CancellationException e) {
            cancellation.check();
            throw e;
        }
    }

    private static <T> void complete(CompletableFuture<T> done, Work<T> work, Consumer<T> ifLate) {
        try {
            T result = work.run();
            if (!done.complete(result)) {
                Thread.interrupted();
                ifLate.accept(result);
            }
        } catch (VmmigException | RuntimeException | Error e) {
            if (!done.completeExceptionally(e)) {
                LOG.debug("what a cancelled migration did not wait for has failed", e);
            }
        }
    }
}
