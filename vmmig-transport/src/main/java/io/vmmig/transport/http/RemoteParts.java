// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.VmmigException;
import io.vmmig.transport.Outcome;
import java.time.Duration;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What there is of a package at its server, as seen by its source.
 *
 * @param places where its objects are
 * @param access how they are reached
 * @param what how the package is called, without secrets
 */
record RemoteParts(HttpPlaces places, HttpAccess access, String what) {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteParts.class);
    private static final Duration CLEARING = Duration.ofSeconds(10);
    /** More parts than are ever sent at once: after so many that are not there, there are no more. */
    private static final int MAX_GAP = 20;

    HttpCalls calls() {
        return HttpCalls.to(places, access, what);
    }

    HttpCalls hastyCalls() {
        return HttpCalls.hastyTo(places, access, what);
    }

    /** Removes the parts of a package that has no index, the first of them last. What cannot be removed is left, and logged. */
    void removeQuietly(UUID packageId, int count) {
        long end = System.nanoTime() + CLEARING.toNanos();
        int left = count;
        try (HttpCalls calls = hastyCalls()) {
            while (left > 0 && System.nanoTime() < end) {
                calls.delete(PartIndex.partName(packageId.toString(), left - 1));
                left--;
            }
        } catch (VmmigException e) {
            LOG.info("{}: {}", what, e.getMessage());
        }
        if (left > 0) {
            LOG.warn("{}: {} parts of the package {} are left over and may be deleted", what, left, packageId);
        }
    }

    /**
     * How a hand-over ended. If there is no index, there never will be a whole package: its parts are removed, which an index
     * that is still on its way cannot bring back.
     *
     * @throws VmmigException when that cannot be made certain now
     */
    Outcome settle(UUID packageId) throws VmmigException {
        String id = packageId.toString();
        try (HttpCalls calls = hastyCalls()) {
            boolean first = isThere(calls, id, 0);
            if (indexIsThere(calls, id)) {
                // Without its parts somebody has taken the package apart, perhaps after it had been used.
                return first ? Outcome.TAKEN : Outcome.UNHEARD_OF;
            }
            if (!first) {
                return Outcome.UNHEARD_OF;
            }
            // The first one goes last: as long as it is there, the next try ends as this one.
            int last = 0;
            for (int i = 1; i - last <= MAX_GAP && i < PartIndex.MAX_PARTS; i++) {
                if (isThere(calls, id, i)) {
                    calls.delete(PartIndex.partName(id, i));
                    last = i;
                }
            }
            calls.delete(PartIndex.partName(id, 0));
            if (isThere(calls, id, 0)) {
                throw calls.answers().violation("says that a part was deleted, and still has it");
            }
            // If it came in between, somebody may have read all of the package by now.
            return indexIsThere(calls, id) ? Outcome.UNHEARD_OF : Outcome.NOT_TAKEN;
        }
    }

    private static boolean isThere(HttpCalls calls, String id, int number) throws VmmigException {
        return calls.size(PartIndex.partName(id, number)).isPresent();
    }

    private static boolean indexIsThere(HttpCalls calls, String id) throws VmmigException {
        byte[] content = calls.get(PartIndex.NAME, PartIndex.MAX_BYTES).orElse(null);
        return content != null && PartIndex.parse(content).id().equals(id);
    }

    @Override
    public String toString() {
        return what;
    }
}
