// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The objects of a package, by HTTP requests.
 *
 * @param sending retries for long
 * @param asking gives up soon
 */
record HttpObjects(RetryingHttpClient sending, RetryingHttpClient asking) implements RemoteObjects {
    private static final int AT_ONCE = 8;

    @Override
    public void put(String name, byte[] content, Delivery delivery) throws VmmigException {
        sending.put(name, content, content.length, true, delivery);
    }

    @Override
    public Optional<byte[]> get(String name, int limit) throws VmmigException {
        return asking.get(name, limit);
    }

    @Override
    public boolean isThere(String name) throws VmmigException {
        return asking.size(name).isPresent();
    }

    @Override
    public boolean areThere(List<String> names) throws VmmigException {
        AtomicInteger next = new AtomicInteger();
        AtomicBoolean missing = new AtomicBoolean();
        Callable<Boolean> worker = () -> {
            for (int i = next.getAndIncrement(); i < names.size() && !missing.get(); i = next.getAndIncrement()) {
                if (!isThere(names.get(i))) {
                    missing.set(true);
                }
            }
            return true;
        };
        ExecutorService workers = Executors.newFixedThreadPool(AT_ONCE, Threads.named("vmmig-http-look"));
        try {
            for (Future<Boolean> done : workers.invokeAll(Collections.nCopies(AT_ONCE, worker))) {
                done.get();
            }
            return !missing.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw VmmigException.of(Problem.CANCELLED, "the thread was interrupted", "");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof VmmigException known) {
                throw VmmigException.of(known.failure(), known);
            }
            throw new IllegalStateException("a look at a part has failed", e);
        } finally {
            workers.shutdownNow();
        }
    }

    @Override
    public void delete(String name) throws VmmigException {
        asking.delete(name);
    }
}
