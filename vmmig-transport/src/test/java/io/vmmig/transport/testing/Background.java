// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** The other side of a test, in a thread of its own. */
public final class Background<T> {
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final Thread thread;

    private Background(Callable<T> work) {
        thread = new Thread(
                () -> {
                    try {
                        result.complete(work.call());
                    } catch (Throwable e) {
                        result.completeExceptionally(e);
                    }
                },
                "background");
        thread.setDaemon(true);
        thread.start();
    }

    public static <T> Background<T> run(Callable<T> work) {
        return new Background<>(work);
    }

    /** Waits until it waits in a method of that name. */
    public Background<T> awaitIn(String method) throws Exception {
        Await.until(
                "it waits in " + method,
                () -> Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING).contains(thread.getState())
                        && Stream.of(thread.getStackTrace())
                                .anyMatch(frame -> frame.getMethodName().equals(method)));
        return this;
    }

    public boolean isDone() {
        return result.isDone();
    }

    /** What it came to; throws what it threw. */
    public T get() throws Exception {
        return get(20);
    }

    public T get(int seconds) throws Exception {
        try {
            return result.get(seconds, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        } catch (TimeoutException e) {
            throw new AssertionError("still not done after " + seconds + " s", e);
        }
    }
}
