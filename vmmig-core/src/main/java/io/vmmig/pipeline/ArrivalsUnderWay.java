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
 * The arrivals that this process has under way. One whose source has crashed waits for it to come back, which it never will; when
 * that same host offers that same guest again, the earlier arrival is given up for it.
 */
final class ArrivalsUnderWay {
    private static final Logger LOG = LoggerFactory.getLogger(ArrivalsUnderWay.class);
    /** A restore that has begun may have to be ended, and its QEMU to be waited for. */
    private static final Duration ENDING = Duration.ofSeconds(60);

    private static final Map<Path, ArrivalsUnderWay> ALL = new ConcurrentHashMap<>();

    private final Path journal;
    private final Origin origin;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private ArrivalsUnderWay(Path journal, Origin origin) {
        this.journal = journal;
        this.origin = origin;
    }

    static ArrivalsUnderWay begin(Path journal, Origin origin) {
        ArrivalsUnderWay one = new ArrivalsUnderWay(journal, origin);
        ALL.put(journal, one);
        return one;
    }

    /** Nothing of it is in anybody's way any more. */
    void end() {
        ALL.remove(journal, this);
        ended.complete(null);
    }

    /**
     * Gives up the arrival that is in the way, as though its source had asked what became of it: from then on it cannot be handed
     * over. That is done only for the guest itself, when the host that offers it now has proven to be the one that offered it then,
     * and has no connection for the earlier one any more.
     *
     * @return whether it is over
     */
    static boolean giveUp(ArrivalClaims.TakenException inTheWay, UUID guest, Origin by, Cancellation cancellation)
            throws VmmigException {
        Optional<ArrivalClaims.Holder> other = inTheWay.other();
        if (other.isEmpty() || !other.get().uuid().equals(guest)) {
            return false;
        }
        ArrivalsUnderWay earlier = ALL.get(other.get().journal());
        if (earlier == null || !earlier.isOfNoMore(by) || !ArrivalJournal.giveUp(earlier.journal)) {
            return false;
        }
        LOG.info(
                "guest {}: its source has lost package {} and offers the guest again",
                other.get().guest(),
                other.get().packageId());
        return earlier.awaitEnd(cancellation);
    }

    private boolean isOfNoMore(Origin by) {
        return origin.peer().isPresent() && origin.peer().equals(by.peer()) && origin.disconnected();
    }

    private boolean awaitEnd(Cancellation cancellation) throws VmmigException {
        CompletableFuture<Void> waiting = ended.copy();
        cancellation.onRequest(() -> waiting.cancel(false));
        try {
            waiting.get(ENDING.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (CancellationException e) {
            cancellation.check();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("an earlier arrival does not come to its end", e);
            return false;
        }
    }
}
