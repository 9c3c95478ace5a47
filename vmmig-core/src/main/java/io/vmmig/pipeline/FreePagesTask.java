// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.VmmigException;
import io.vmmig.freepages.FreePageSearch;
import io.vmmig.freepages.FreePages;
import io.vmmig.hypervisor.Guest;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A search for a guest's free pages, in a background thread. For use by one thread. */
final class FreePagesTask implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FreePagesTask.class);
    private static final Duration CLOSING = Duration.ofSeconds(10);
    private static final Duration MOMENT = Duration.ofMillis(200);

    private final Guest guest;
    private final Cancellation cancellation;
    private final ExecutorService thread;
    private CompletableFuture<FreePageSearch> search;

    /** Begins while the guest runs. */
    FreePagesTask(Guest guest, Cancellation cancellation) {
        this.guest = guest;
        this.cancellation = cancellation;
        thread = Executors.newSingleThreadExecutor(work -> {
            Thread made = new Thread(work, "vmmig-free-pages-" + guest.name());
            made.setDaemon(true);
            return made;
        });
        search = submit(this::search);
    }

    private FreePageSearch search() throws VmmigException {
        return FreePageSearch.begin(guest, DomainXml.parse(guest.domainXml()));
    }

    private <T> CompletableFuture<T> submit(Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        thread.execute(() -> {
            try {
                result.complete(work.run());
            } catch (VmmigException | RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    /** Waits until it is known whether a kernel was found whose free pages can be read. */
    boolean awaitFound() throws VmmigException {
        return cancellation.await(search).doubt().isEmpty();
    }

    /** Waits for the part that is done while the guest runs; suspend the guest right after that. */
    void awaitBegun() throws VmmigException {
        FreePageSearch begun = cancellation.await(search);
        if (begun.stale() && begun.doubt().isEmpty()) {
            begun.close();
            search = submit(this::search);
            begun = cancellation.await(search);
        }
        FreePageSearch fresh = begun;
        cancellation.await(submit(Work.of(fresh::awaitTick)));
    }

    /** Continues after the guest is paused; {@code search} is null if free pages are not searched for. */
    static CompletableFuture<FreePages> finish(@Nullable FreePagesTask search) {
        return search == null ? CompletableFuture.completedFuture(FreePages.unknown("not asked for")) : search.finish();
    }

    private CompletableFuture<FreePages> finish() {
        return submit(() -> search.join().finish());
    }

    /** Stops the search, and waits until it no longer reads the guest's memory; after a cancellation, only for a moment. */
    @Override
    public void close() {
        thread.shutdownNow();
        Duration atMost = cancellation.requested() ? MOMENT : CLOSING;
        try {
            if (!thread.awaitTermination(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.info("guest {}: its memory is still being read", guest.name());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        search.thenAccept(FreePageSearch::close);
    }
}
