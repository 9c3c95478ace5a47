// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.CancelledException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.domain.DomainXml;
import io.vmmig.freepages.FreePageSearch;
import io.vmmig.freepages.FreePages;
import io.vmmig.hypervisor.Guest;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A search for a guest's free pages, in a thread of its own beside what else there is to do. For one thread. */
final class FreePagesTask implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FreePagesTask.class);
    private static final int CLOSE_SECONDS = 10;

    private final Guest guest;
    private final ExecutorService thread;
    private Future<FreePageSearch> search;

    private FreePagesTask(Guest guest) {
        this.guest = guest;
        thread = Executors.newSingleThreadExecutor(work -> {
            Thread made = new Thread(work, "vmmig-free-pages-" + guest.name());
            made.setDaemon(true);
            return made;
        });
        search = thread.submit(this::search);
    }

    /** Begins while the guest runs. */
    static FreePagesTask begin(Guest guest) {
        return new FreePagesTask(guest);
    }

    private FreePageSearch search() throws VmmigException {
        return FreePageSearch.begin(guest, DomainXml.parse(guest.domainXml()));
    }

    /** Waits until it is known whether a kernel was found that tells what is free. */
    boolean awaitFound() throws VmmigException {
        return await(search).doubt().isEmpty();
    }

    /** Waits for what is done while the guest runs; it is to be suspended right after that. */
    void awaitBegun() throws VmmigException {
        FreePageSearch begun = await(search);
        if (begun.stale() && begun.doubt().isEmpty()) {
            begun.close();
            search = thread.submit(this::search);
            begun = await(search);
        }
        await(thread.submit(begun::awaitTick, true));
    }

    /** Goes on, now that the guest stands still. */
    Future<FreePages> finish() {
        return thread.submit(() -> search.get().finish());
    }

    /** Waits for a part of it. */
    static <T> T await(Future<T> part) throws VmmigException {
        try {
            return part.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancelledException(Problem.CANCELLED, "the thread was interrupted", "", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof VmmigException failure) {
                throw failure;
            }
            throw new IllegalStateException("a search for free pages has a bug", e.getCause());
        }
    }

    /** Gives up what is under way, and waits until nothing reads the guest's memory any more. */
    @Override
    public void close() {
        thread.shutdownNow();
        try {
            if (!thread.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("guest {}: its memory is still being read", guest.name());
            } else if (search.isDone()) {
                search.get().close();
            }
        } catch (ExecutionException e) {
            LOG.debug("guest {}: there was no search", guest.name(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
