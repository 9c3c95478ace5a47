// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.handover.ArrivalJournal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The arrivals that are under way in this process. An arrival whose source has crashed would wait in vain for the connection; when the same
 * host offers the same guest again, the earlier arrival is abandoned.
 */
record ArrivalsUnderWay(Path journal, Origin origin, CompletableFuture<Void> ended) {
    private static final Logger LOG = LoggerFactory.getLogger(ArrivalsUnderWay.class);
    /** Long enough to abort a restore and wait for its QEMU to exit. */
    private static final Duration ENDING = Duration.ofSeconds(60);

    private static final Map<Path, ArrivalsUnderWay> ALL = new ConcurrentHashMap<>();

    static ArrivalsUnderWay begin(Path journal, Origin origin) {
        ArrivalsUnderWay one = new ArrivalsUnderWay(journal, origin, new CompletableFuture<>());
        ALL.put(journal, one);
        return one;
    }

    /** Marks the arrival as over, after it has released its claims. */
    void end() {
        ALL.remove(journal, this);
        ended.complete(null);
    }

    /**
     * Abandons the arrival that is in the way, as an inquiry by its source would: after that it cannot be handed over. This requires that
     * it is the same guest, that the same authenticated host offers it, and that the earlier arrival has lost its connection. Waits until it is
     * over.
     */
    static void giveUp(ArrivalClaims.TakenException inTheWay, UUID guest, Origin by, Cancellation cancellation)
            throws VmmigException {
        Optional<ArrivalClaims.Holder> other = inTheWay.other();
        if (other.isEmpty() || !other.get().uuid().equals(guest)) {
            return;
        }
        ArrivalsUnderWay earlier = ALL.get(other.get().journal());
        if (earlier != null && earlier.isOfNoMore(by) && ArrivalJournal.giveUp(earlier.journal)) {
            LOG.info(
                    "guest {}: its source has lost package {} and offers the guest again",
                    other.get().guest(),
                    other.get().packageId());
            earlier.awaitEnd(cancellation);
        }
    }

    private boolean isOfNoMore(Origin by) {
        return origin.peer().isPresent() && origin.peer().equals(by.peer()) && origin.disconnected();
    }

    private void awaitEnd(Cancellation cancellation) throws VmmigException {
        CompletableFuture<Void> waiting = ended.copy();
        cancellation.onRequest(() -> waiting.cancel(false));
        try {
            waiting.get(ENDING.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (CancellationException e) {
            cancellation.check();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("an earlier arrival does not come to its end", e);
        }
    }
}
