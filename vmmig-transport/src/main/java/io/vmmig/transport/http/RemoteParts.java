// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts of a package at its server, as its source sees them.
 *
 * @param what the package's name, without secrets
 */
record RemoteParts(ObjectUrlResolver places, HttpAccess access, String what) {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteParts.class);
    private static final Duration CLEARING = Duration.ofSeconds(10);
    /** How long to look for parts that were in flight when the upload was aborted. */
    private static final Duration LATE = Duration.ofSeconds(2);

    private static final Duration PAUSE = Duration.ofMillis(100);
    /** More than the parts that are ever in flight: after that many missing ones, there are no more. */
    private static final int MAX_GAP = 20;

    RetryingHttpClient client() {
        return RetryingHttpClient.to(places, access, what);
    }

    RetryingHttpClient hastyCalls() {
        return RetryingHttpClient.withoutRetry(places, access, what);
    }

    RetryingHttpClient briefCalls() {
        return RetryingHttpClient.brieflyTo(places, access, what);
    }

    /**
     * Who has the guest of a package that was sent here. Removes its parts if the guest was not handed over.
     *
     * @throws VmmigException when that is not known now
     */
    Outcome outcome(UUID packageId, HandOverJournal journal) throws VmmigException {
        Outcome outcome;
        try (RetryingHttpClient client = briefCalls()) {
            outcome = new IndexHandOver(new HttpObjects(client, client), what, packageId, journal).outcome();
        }
        if (outcome == Outcome.NOT_TAKEN) {
            Optional<HandOverEntry> entry = HandOverEntry.latestOf(journal);
            removeQuietly(packageId, entry.isPresent() ? entry.get().parts() : count(packageId));
        }
        return outcome;
    }

    /**
     * How many parts there may be; none that may be removed if there is an index. They are removed from the last to the first, so that only
     * the last ones can be missing.
     */
    private int count(UUID packageId) {
        int count = 0;
        try (RetryingHttpClient client = hastyCalls()) {
            boolean mayBeUsed = client.size(PartIndex.NAME).isPresent();
            for (int i = 0; !mayBeUsed && i - count < MAX_GAP && i < PartIndex.MAX_PARTS; i++) {
                if (client.size(PartIndex.partName(packageId.toString(), i)).isPresent()) {
                    count = i + 1;
                }
            }
        } catch (VmmigException e) {
            LOG.info("{}: {}", what, e.getMessage());
        }
        return count;
    }

    /** Removes the parts of a package that has no index, the first one last. Logs what cannot be removed. */
    void removeQuietly(UUID packageId, int count) {
        long end = System.nanoTime() + CLEARING.toNanos();
        int left = count;
        try (RetryingHttpClient client = hastyCalls()) {
            while (left > 0 && System.nanoTime() < end) {
                client.delete(PartIndex.partName(packageId.toString(), left - 1));
                left--;
            }
        } catch (VmmigException e) {
            LOG.info("{}: {}", what, e.getMessage());
        }
        if (left > 0) {
            LOG.warn("{}: {} parts of the package {} remain and may be deleted", what, left, packageId);
        }
    }

    /** Removes parts that arrive after the upload was aborted. Later ones remain; without an index they make no package. */
    void removeLate(UUID packageId, Set<Integer> parts) {
        long end = System.nanoTime() + LATE.toNanos();
        Set<Integer> missing = new HashSet<>(parts);
        try (RetryingHttpClient client = hastyCalls()) {
            while (!missing.isEmpty() && System.nanoTime() < end) {
                for (int part : parts) {
                    String name = PartIndex.partName(packageId.toString(), part);
                    if (missing.contains(part) && client.size(name).isPresent()) {
                        client.delete(name);
                        missing.remove(part);
                    }
                }
                TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
            }
        } catch (VmmigException e) {
            LOG.info("{}: {}", what, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return what;
    }
}
