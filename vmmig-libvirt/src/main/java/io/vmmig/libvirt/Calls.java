// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.libvirt.binding.HostControl;
import io.vmmig.libvirt.binding.HostView;
import io.vmmig.libvirt.binding.LibvirtError;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs libvirt calls on separate threads, because any of them can block for minutes or for ever, and nothing can interrupt it. A
 * call that misses its deadline is abandoned; it holds no lock of ours and cleans up after itself. A call that changes something
 * states beforehand what to do if it succeeds later, see {@link Late}; a call that only reads gets an interface that cannot
 * change anything.
 *
 * <p>Interrupts do not end the waiting either: deadlines bound it, and half a roll-back would be worse.
 */
final class Calls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

    /** How long to retry undoing a late success while libvirt cannot be reached. */
    private static final Duration UNDOING = Duration.ofMinutes(10);

    private static final long UNDOING_PAUSE_MILLIS = 500;

    /** How long idle threads live. */
    private static final Duration SOON = Duration.ofMillis(200);

    /** A query. It must not keep the connection. */
    @FunctionalInterface
    interface Look<T> {
        T run(HostView<? extends DomainView> host) throws LibvirtError, VmmigException;
    }

    /** A change. It must not keep the connection. */
    @FunctionalInterface
    interface Action<T> {
        T run(HostControl host) throws LibvirtError, VmmigException;
    }

    private final HostSource link;
    private final Duration deadline;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "vmmig-libvirt-call");
        thread.setDaemon(true);
        return thread;
    });

    Calls(HostSource link, Duration deadline) {
        this.link = link;
        this.deadline = deadline;
    }

    Duration deadline() {
        return deadline;
    }

    /** Runs a query, and waits for the result. */
    <T> T call(String doing, Look<T> look) throws VmmigException {
        return start(doing, new Late.Stays("it changes nothing"), look::run).awaitOrGiveUp(deadline);
    }

    /** Starts a change, which its caller awaits or abandons. */
    <T> Pending<T> start(String doing, Late late, Action<T> action) {
        Pending<T> call = new Pending<>(doing);
        try {
            threads.execute(() -> {
                try {
                    run(call, late, action);
                } finally {
                    call.finish();
                }
            });
        } catch (RejectedExecutionException e) {
            call.end(result -> result.completeExceptionally(link.closed()));
            call.finish();
        }
        return call;
    }

    private <T> void run(Pending<T> call, Late late, Action<T> action) {
        boolean mayHaveChanged;
        boolean givenUp;
        try {
            T value = make(call.doing(), host -> action.run(WhileAwaited.of(host, call)));
            givenUp = call.end(result -> result.complete(value));
            mayHaveChanged = true;
        } catch (Throwable e) {
            givenUp = call.end(result -> result.completeExceptionally(e));
            mayHaveChanged = call.hasChanged() || isUnreachable(e);
        }
        if (givenUp && mayHaveChanged) {
            dealWith(call, late);
        }
    }

    private <T> T make(String doing, Action<T> action) throws VmmigException {
        try (HostControl host = link.connection()) {
            try {
                return action.run(host);
            } catch (LibvirtError e) {
                throw host.isAlive() ? Errors.of(e, doing) : Errors.unreachable(e, doing, link.remedyIfUnreachable());
            }
        }
    }

    private static boolean isUnreachable(@Nullable Throwable e) {
        return e instanceof VmmigException failure && failure.problem() == Problem.HYPERVISOR_UNREACHABLE;
    }

    /** Nobody waits any more, but the change may have happened. */
    private void dealWith(Pending<?> call, Late late) {
        if (!(late instanceof Late.Then then)) {
            LOG.debug("an abandoned call of libvirt has succeeded late: {}", call.doing());
            return;
        }
        LOG.warn("an abandoned call of libvirt has succeeded late ({}), so vmmig will {}", call.doing(), then.doing());
        long end = System.nanoTime() + UNDOING.toNanos();
        while (true) {
            try {
                make(then.doing(), host -> {
                    then.step().run(host);
                    return true;
                });
                return;
            } catch (VmmigException | RuntimeException e) {
                if (!isUnreachable(e) || System.nanoTime() > end) {
                    LOG.error("could not {} after a late answer of libvirt to: {}", then.doing(), call.doing(), e);
                    return;
                }
            }
            try {
                TimeUnit.MILLISECONDS.sleep(UNDOING_PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Releases the connection once all running calls are done and late successes are dealt with. */
    @Override
    public void close() {
        threads.shutdown();
        if (ended(SOON)) {
            link.close();
            return;
        }
        Thread closing = new Thread(
                () -> {
                    if (!ended(UNDOING)) {
                        LOG.warn("libvirt has not answered calls that were made before the hypervisor was closed");
                    }
                    link.close();
                },
                "vmmig-libvirt-close");
        closing.setDaemon(true);
        closing.start();
    }

    private boolean ended(Duration atMost) {
        try {
            return threads.awaitTermination(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
