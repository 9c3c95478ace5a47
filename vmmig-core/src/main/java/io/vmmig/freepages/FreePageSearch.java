// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.hypervisor.GuestState;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the free pages of a Linux guest by reading its kernel's memory. It works in steps to keep the pause short: slow steps run
 * while the guest runs, and only what may change is read after it was suspended.
 *
 * <p>Correctness comes first: the kernel must have counted clock ticks right before, every pointer and number is checked, and the
 * result must match the allocator's own lists exactly. The search ends at the first doubt, and never fails a migration.
 *
 * <p>Used by one thread.
 */
public final class FreePageSearch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FreePageSearch.class);

    private static final Duration FINDING = Duration.ofSeconds(3);
    private static final Duration LONGEST_HALT = Duration.ofSeconds(3);
    private static final Duration FINISHING = Duration.ofSeconds(10);
    private static final Duration TICKING = Duration.ofSeconds(2);
    /** After that, a rebooted guest may have loaded another kernel where the previous one had free pages. */
    private static final Duration TRUSTED = Duration.ofSeconds(2);

    private static final long TICK_MILLIS = 5;

    /** Linux counts from five minutes before 32 bits overflow, at 100 to 1000 ticks a second, in 64 bits. */
    private static final long FIRST_TICK = (1L << 32) - 300 * 1000;

    private static final long LAST_TICK = FIRST_TICK + 20 * 366 * 86400L * 1000;

    private final @Nullable Target target;
    /** Large, and needed only until the kernel is known to run. */
    private @Nullable KernelImage image;

    private final long found = System.nanoTime();
    private String reason;
    private @Nullable Long seenAlive;

    /** The found kernel. Each step reads it again, so its data is not kept. */
    private record Target(GuestMemory memory, RamLayout layout, LinuxKernel kernel) {
        static Target of(GuestMemory memory, RamLayout layout, LinuxKernel kernel) {
            return new Target(memory, layout, kernel.at(new GuestRam(memory, layout, Duration.ZERO)));
        }

        GuestRam ram(Duration limit) {
            return new GuestRam(memory, layout, limit);
        }
    }

    private FreePageSearch(@Nullable Target target, @Nullable KernelImage image, String reason) {
        this.target = target;
        this.image = image;
        this.reason = reason;
    }

    /**
     * Finds the kernel of a running guest: usually in a fifth of a second, at most three seconds.
     *
     * @param domain the guest's live XML
     */
    public static FreePageSearch begin(Guest guest, DomainXml domain) {
        long start = System.nanoTime();
        FreePageSearch search;
        try {
            search = find(guest, domain);
        } catch (Doubt | RuntimeException | OutOfMemoryError e) {
            search = new FreePageSearch(null, null, because(e));
        }
        LOG.debug(
                "guest {}: looked for its kernel for {} ms {}",
                guest.name(),
                since(start).toMillis(),
                search.reason);
        return search;
    }

    private static FreePageSearch find(Guest guest, DomainXml domain) throws Doubt {
        RamLayout layout = RamLayout.of(domain);
        Optional<GuestMemory> memory = guest.memory(layout.regions());
        boolean found = false;
        try {
            if (memory.isEmpty()) {
                throw new Doubt("this hypervisor does not show a guest's memory");
            }
            if (guest.state() != GuestState.RUNNING) {
                throw new Doubt("it does not run, so its kernel cannot be verified");
            }
            FreePageSearch search = find(memory.get(), layout, domain.architecture());
            found = true;
            return search;
        } catch (VmmigException e) {
            throw new Doubt("the hypervisor cannot describe it: " + e.failure().what(), e);
        } finally {
            if (!found) {
                memory.ifPresent(GuestMemory::close);
            }
        }
    }

    static FreePageSearch find(GuestMemory memory, RamLayout layout, String architecture) throws Doubt {
        GuestRam ram = new GuestRam(memory, layout, FINDING);
        KernelSearch.Found found = KernelSearch.run(ram, architecture);
        LinuxKernel kernel = found.kernel();
        FreePageSearch search = new FreePageSearch(Target.of(memory, layout, kernel), found.image(), "");
        if (layout.split()) {
            kernel.requireSameEnd(layout);
        }
        new BuddyScan(kernel.info(), kernel.tables()).rehearse(LONGEST_HALT);
        return search;
    }

    /** Any failure: the guest's memory is untrusted, and must not make a migration fail. */
    private static String because(Throwable e) {
        if (e instanceof Doubt doubt) {
            LOG.debug("free pages are unknown", e);
            return doubt.because();
        }
        LOG.error("free pages are unknown", e);
        return e instanceof OutOfMemoryError
                ? "this program has too little memory left to look for them"
                : "looking for them failed: " + e;
    }

    /**
     * Waits until the kernel's clock has ticked: usually at once, at most two seconds. After a reboot the previous kernel's memory
     * may still be complete and consistent, but only a running kernel counts clock ticks. Suspend the guest right afterwards: the
     * search is valid for two seconds from then.
     */
    public void awaitTick() {
        KernelImage variables = image;
        image = null;
        if (target == null || variables == null) {
            return;
        }
        long start = System.nanoTime();
        try {
            awaitTick(target.ram(FINDING), variables);
            seenAlive = System.nanoTime();
            LOG.debug("its clock has ticked within {} ms", since(start).toMillis());
        } catch (Doubt | RuntimeException | OutOfMemoryError e) {
            reason = because(e);
        }
    }

    private void awaitTick(GuestRam ram, KernelImage variables) throws Doubt {
        long start = System.nanoTime();
        while (!hasTicked(ram, variables)) {
            if (since(start).compareTo(TICKING) > 0) {
                throw new Doubt("its kernel does not count the time, and may be dead");
            }
            try {
                TimeUnit.MILLISECONDS.sleep(TICK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new Doubt("the search was interrupted", e);
            }
        }
    }

    private boolean hasTicked(GuestRam ram, KernelImage variables) throws Doubt {
        long elapsedMillis = since(found).toMillis();
        return variables.anyAgain(ram, (then, now) -> isTicks(then, now, elapsedMillis));
    }

    /** Whether a variable with these two values can have counted ticks in between. */
    private static boolean isTicks(long then, long now, long elapsedMillis) {
        // A delayed guest catches up.
        return now > then && then >= FIRST_TICK && now <= LAST_TICK && now - then <= 2 * elapsedMillis + 1000;
    }

    /** Why the search has failed; empty if it has not. */
    public Optional<String> doubt() {
        return Optional.of(reason).filter(known -> !known.isEmpty());
    }

    /** Whether another kernel may have been loaded since then. */
    public boolean stale() {
        return since(found).compareTo(TRUSTED) > 0;
    }

    /**
     * Reads which pages are free, after {@link #awaitTick()}. The guest must be paused now, and until all of its memory has been
     * read.
     */
    public FreePages finish() {
        if (target == null || !reason.isEmpty()) {
            return FreePages.unknown(reason);
        }
        if (seenAlive == null) {
            throw new IllegalStateException("its clock was not watched");
        }
        if (since(seenAlive).compareTo(TRUSTED) > 0) {
            return FreePages.unknown("it took too long from the search to the guest's suspension");
        }
        long start = System.nanoTime();
        try {
            LinuxKernel kernel = target.kernel().at(target.ram(FINISHING));
            kernel.requireUnchanged();
            FreeBlocks blocks = new BuddyScan(kernel.info(), kernel.tables()).run();
            Duration took = since(start);
            LOG.debug("{} free pages, found in {} ms", blocks.count(), took.toMillis());
            return FreePages.of(blocks, took);
        } catch (Doubt | RuntimeException | OutOfMemoryError e) {
            return FreePages.unknown(because(e));
        }
    }

    /** Ends the search; its result stays valid. */
    @Override
    public void close() {
        if (target != null) {
            target.memory().close();
        }
    }

    private static Duration since(long nanoTime) {
        return Duration.ofNanos(System.nanoTime() - nanoTime);
    }
}
