// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.crypto.Fingerprint;
import java.util.HashMap;
import java.util.Map;

/**
 * Divides a resource among peers. Each may use as much as it leaves to the others: one alone gets half of it, the next half of
 * the rest, and so on, so that something is always left. Thread-safe.
 */
public final class PeerQuota {
    private static final long MIB = 1L << 20;

    private final long inAll;
    private final Map<Fingerprint, Long> used = new HashMap<>();
    private long total;

    /** With that total amount. */
    public PeerQuota(long inAll) {
        this.inAll = inAll;
    }

    /**
     * How many sessions a listener may have in a program with that heap. An idle session costs less than half a mebibyte,
     * including the small offers that {@link WireIncomingSession} admits freely; most of the heap is left to running transfers.
     */
    public static PeerQuota ofSessions(long heapBytes) {
        return new PeerQuota(Math.min(Math.max(heapBytes / (2 * MIB), 32), 1024));
    }

    /** How many bytes of large offers a program with that heap may hold at once; one of maximum size always fits. */
    static PeerQuota ofOfferBytes(long heapBytes) {
        return new PeerQuota(Math.max(heapBytes / 16, 2L * Kind.OFFER.maxLength()));
    }

    /** Whether {@code peer} gets {@code amount} more; if so, {@linkplain #release release} it afterwards. */
    public synchronized boolean tryTake(Fingerprint peer, long amount) {
        long its = used.getOrDefault(peer, 0L) + amount;
        if (its > inAll - total) {
            return false;
        }
        used.put(peer, its);
        total += amount;
        return true;
    }

    /** Returns what {@code peer} took. */
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
