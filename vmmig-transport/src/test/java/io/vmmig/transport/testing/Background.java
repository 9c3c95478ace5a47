// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The other side of a test, in a thread of its own. */
public final class Background<T> {
    private final CompletableFuture<T> result = new CompletableFuture<>();

    private Background() {}

    public static <T> Background<T> run(Callable<T> work) {
        Background<T> background = new Background<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        background.result.complete(work.call());
                    } catch (Throwable e) {
                        background.result.completeExceptionally(e);
                    }
                },
                "background");
        thread.setDaemon(true);
        thread.start();
        return background;
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
