// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.CancelledException;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Balloon;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.report.Notice;
import io.vmmig.report.SourceReport;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Free memory that a guest lends to its host while it moves, so that its content is not sent. Closing returns it, unless the guest is
 * {@link #gone()}. A failure here never fails a migration. For one thread.
 *
 * <p>Only unused memory is borrowed, less a margin: taking caches would be slow, and would slow the guest down.
 */
final class Ballooning implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Ballooning.class);

    private static final long MIB = 1L << 20;
    private static final long LEAST_MARGIN = 64 * MIB;
    private static final int MARGIN_PART = 10;
    private static final long POLL_MILLIS = 50;
    /** A working driver lends hundreds of MiB a second. */
    private static final Duration STALL = Duration.ofSeconds(3);

    private static final Duration ANSWER = Duration.ofSeconds(5);

    private final String guest;
    private final @Nullable Balloon balloon;
    private final long fullBytes;
    private long takenBytes;
    private long missedBytes;
    private @Nullable String reason;
    /** Whether the driver was asked. */
    private boolean asked;

    private boolean gone;

    private Ballooning(String guest, @Nullable Balloon balloon, long fullBytes, @Nullable String reason) {
        this.guest = guest;
        this.balloon = balloon;
        this.fullBytes = fullBytes;
        this.reason = reason;
    }

    /** Borrows nothing. */
    static Ballooning none() {
        return new Ballooning("", null, 0, null);
    }

    /**
     * Asks a running guest for its free memory, and waits until it has lent it or the time is up.
     *
     * @throws CancelledException when the migration was cancelled; the guest has its memory back, or will soon
     */
    static Ballooning take(Guest guest, Duration atMost, Cancellation cancellation) throws CancelledException {
        long end = System.nanoTime() + atMost.toNanos();
        try {
            Optional<Balloon> balloon = guest.balloon();
            if (balloon.isEmpty()) {
                return nothing(guest, "this hypervisor has no balloon for it");
            }
            if (guest.state() != GuestState.RUNNING) {
                return nothing(guest, "it does not run");
            }
            OptionalLong free = balloon.get().freeBytes(atMost.compareTo(ANSWER) < 0 ? atMost : ANSWER);
            cancellation.check();
            if (free.isEmpty()) {
                return nothing(guest, "it does not tell how much of its memory is free");
            }
            return take(guest.name(), balloon.get(), free.getAsLong(), end, cancellation);
        } catch (CancelledException e) {
            throw e;
        } catch (VmmigException | RuntimeException e) {
            LOG.debug("guest {}: its balloon cannot be used", guest.name(), e);
            return nothing(
                    guest, e instanceof VmmigException known ? known.failure().what() : e.toString());
        }
    }

    private static Ballooning nothing(Guest guest, String reason) {
        return new Ballooning(guest.name(), null, 0, reason);
    }

    private static Ballooning take(String guest, Balloon balloon, long free, long end, Cancellation cancellation)
            throws VmmigException {
        long full = balloon.sizeBytes();
        long spare = (free - Math.max(LEAST_MARGIN, full / MARGIN_PART)) / MIB * MIB;
        Ballooning ballooning = new Ballooning(guest, balloon, full, null);
        if (spare <= 0 || spare >= full) {
            ballooning.reason = "it has no memory to spare";
            return ballooning;
        }
        boolean done = false;
        try {
            ballooning.shrink(balloon, full - spare, end, cancellation);
            done = true;
            return ballooning;
        } finally {
            if (!done) {
                ballooning.restoreBalloon(balloon);
            }
        }
    }

    private void shrink(Balloon balloon, long target, long end, Cancellation cancellation) throws VmmigException {
        balloon.resize(target);
        asked = true;
        long size = fullBytes;
        long progress = System.nanoTime();
        while (size > target && reason == null) {
            cancellation.check();
            await();
            long now = System.nanoTime();
            long smaller = balloon.sizeBytes();
            if (smaller < size) {
                size = smaller;
                progress = now;
            } else if (now - progress > STALL.toNanos()) {
                reason = size == fullBytes ? "its balloon driver does not answer" : "it lends no more than that";
            }
            if (now - end > 0 && size > target && reason == null) {
                reason = "the time was up";
            }
        }
        takenBytes = fullBytes - size;
        missedBytes = Math.max(0, size - target);
        if (missedBytes > 0) {
            // Otherwise the driver would continue to lend during the save and at the destination.
            balloon.resize(size);
        }
    }

    private static void await() throws CancelledException {
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            throw Cancellation.interrupted(e);
        }
    }

    /** The result for the report, or null if the guest was not asked. */
    SourceReport.@Nullable Balloon report() {
        return balloon == null && reason == null ? null : new SourceReport.Balloon(takenBytes, missedBytes, reason);
    }

    /** The domain XML with the memory that the guest is to have after it is resumed. */
    String withAllMemory(String domainXml) throws VmmigException {
        return any() ? DomainXml.parse(domainXml).withCurrentMemory(fullBytes).text() : domainXml;
    }

    /** Whether the guest is to get memory back. If not, its users decide how much it has. */
    boolean any() {
        return asked;
    }

    /**
     * Detects that somebody else has resized the balloon since the memory was lent. That change is lost: the guest gets back what it had
     * before.
     *
     * @param saved the guest as it was saved
     */
    Optional<Notice> changedByOthers(DomainXml saved) throws VmmigException {
        long left = (fullBytes - takenBytes) >> 10;
        long now = saved.currentMemoryBytes() >> 10;
        // A driver that was stopped halfway may have any size.
        return !any() || missedBytes > 0 || now == left
                ? Optional.empty()
                : Optional.of(
                        new Notice(
                                Notice.Kind.INTERFERENCE,
                                guest,
                                "while the guest was moving and had lent memory, what it has was changed from " + left
                                        + " to " + now + " KiB; it gets back " + (fullBytes >> 10)
                                        + " KiB, as it had before",
                                "If somebody has asked for another size, ask again where it runs, as with virsh setmem --live."));
    }

    /** The guest has left this host. */
    void gone() {
        gone = true;
    }

    @Override
    public void close() {
        if (balloon != null && asked && !gone) {
            gone = true;
            restoreBalloon(balloon);
        }
    }

    private void restoreBalloon(Balloon from) {
        try {
            from.resize(fullBytes);
        } catch (VmmigException | RuntimeException e) {
            LOG.error(
                    "guest {}: could not be given its memory back; set it to {} KiB, as with virsh setmem --live",
                    guest,
                    fullBytes >> 10,
                    e);
        }
    }

    /** A guest's memory before it lends any, in bytes; the hypervisor's XML may be out of date. */
    static long sizeOf(Guest guest, DomainXml domain) throws VmmigException {
        try {
            Optional<Balloon> balloon = guest.balloon();
            return balloon.isPresent() ? balloon.get().sizeBytes() : domain.currentMemoryBytes();
        } catch (VmmigException | RuntimeException e) {
            LOG.debug("guest {}: its balloon does not tell how much memory it has", guest.name(), e);
            return domain.currentMemoryBytes();
        }
    }

    /** Restores the memory of an arrived guest that had lent some, to the size in its domain XML. */
    static void restoreBalloon(Hypervisor hypervisor, String guest, DomainXml domain) {
        try {
            restoreBalloon(hypervisor.guest(guest), domain.currentMemoryBytes());
        } catch (VmmigException | RuntimeException e) {
            LOG.warn("guest {}: it is not known whether it has all of its memory", guest, e);
        }
    }

    /** Restores a guest's memory to {@code full} bytes, if it has lent some. */
    static void restoreBalloon(Guest guest, long full) {
        try {
            Optional<Balloon> balloon = guest.balloon();
            if (balloon.isPresent() && balloon.get().sizeBytes() < full) {
                new Ballooning(guest.name(), balloon.get(), full, null).restoreBalloon(balloon.get());
            }
        } catch (VmmigException | RuntimeException e) {
            LOG.warn("guest {}: it is not known whether it has all of its memory", guest.name(), e);
        }
    }
}
