// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.crypto.Fingerprint;
import java.util.HashMap;
import java.util.Map;

/**
 * How much of something peers may use at once. Each may have as much as it leaves to the others: one alone gets half of all, the next
 * half of the rest, and so on, so that something is left however many come who take what they get. Thread-safe.
 */
public final class PeerQuota {
    private static final long MIB = 1L << 20;

    private final long inAll;
    private final Map<Fingerprint, Long> used = new HashMap<>();
    private long total;

    /** So much in all. */
    public PeerQuota(long inAll) {
        this.inAll = inAll;
    }

    /**
     * How many sessions a listener has in a program with that heap. One that has nothing to show costs less than half a mebibyte, with
     * what {@link WireIncomingSession} takes of an offer unasked; they are to leave most of the heap to what is going on.
     */
    public static PeerQuota ofSessions(long heapBytes) {
        return new PeerQuota(Math.min(Math.max(heapBytes / (2 * MIB), 32), 1024));
    }

    /** How many bytes the large offers have at once in a program with that heap; one of the largest fits in any case. */
    static PeerQuota ofOfferBytes(long heapBytes) {
        return new PeerQuota(Math.max(heapBytes / 16, 2L * Kind.OFFER.maxLength()));
    }

    /** Whether {@code peer} gets {@code amount} more; if so, it is to be {@linkplain #release released}. */
    public synchronized boolean tryTake(Fingerprint peer, long amount) {
        long its = used.getOrDefault(peer, 0L) + amount;
        if (its > inAll - total) {
            return false;
        }
        used.put(peer, its);
        total += amount;
        return true;
    }

    /** What {@code peer} took is not used any more. */
    public synchronized void release(Fingerprint peer, long amount) {
        long left = used.getOrDefault(peer, 0L) - amount;
        if (left == 0) {
            used.remove(peer);
        } else {
            used.put(peer, left);
        }
        total -= amount;
    }
}
