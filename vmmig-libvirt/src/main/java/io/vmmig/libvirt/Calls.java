// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.VmmigException;
import io.vmmig.libvirt.binding.Connection;
import io.vmmig.libvirt.binding.LibvirtError;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Makes calls of libvirt on threads of its own, because any of them can block for minutes or for ever, and nothing can
 * interrupt it. A call that misses its deadline is left to itself; it holds no lock of ours and cleans up after itself.
 *
 * <p>Waiting does not end by interruption either: deadlines bound it, and half a roll-back helps nobody.
 */
final class Calls implements AutoCloseable {
    /** What is done with a connection. It must not keep the connection. */
    interface Action<T> {
        T run(Connection connection) throws LibvirtError, VmmigException;
    }

    private final Link link;
    private final Duration deadline;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "vmmig-libvirt-call");
        thread.setDaemon(true);
        return thread;
    });

    Calls(Link link, Duration deadline) {
        this.link = link;
        this.deadline = deadline;
    }

    /** Makes an ordinary call and waits for it. */
    <T> T call(String doing, Action<T> action) throws VmmigException {
        return await(start(doing, action), doing, deadline);
    }

    /** Begins a call that may take its time. Cancelling the future does nothing to the call. */
    <T> CompletableFuture<T> start(String doing, Action<T> action) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            threads.execute(() -> {
                try {
                    result.complete(run(doing, action));
                } catch (Throwable e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(link.closed());
        }
        return result;
    }

    private <T> T run(String doing, Action<T> action) throws VmmigException {
        try (Connection connection = link.connection()) {
            try {
                return action.run(connection);
            } catch (LibvirtError e) {
                throw Errors.of(e, doing, connection.isAlive());
            }
        }
    }

    /** Waits for a call that was started. */
    static <T> T await(Future<T> call, String doing, Duration deadline) throws VmmigException {
        boolean interrupted = false;
        long end = System.nanoTime() + deadline.toNanos();
        try {
            while (true) {
                try {
                    return call.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (TimeoutException e) {
                    throw Errors.timeout(doing, deadline);
                } catch (ExecutionException e) {
                    throw unwrap(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static VmmigException unwrap(ExecutionException e) {
        Throwable cause = e.getCause();
        if (cause instanceof VmmigException known) {
            // Thrown anew where it is awaited, so that both stacks can be read.
            return VmmigException.of(known.failure(), known);
        }
        if (cause instanceof Error error) {
            throw error;
        }
        throw new CompletionException(cause);
    }

    /** Lets go of the connection as soon as the calls under way are done. */
    @Override
    public void close() {
        threads.shutdown();
        link.close();
    }
}
