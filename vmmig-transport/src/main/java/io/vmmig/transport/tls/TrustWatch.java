// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.TrustedNodes;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ends what is open with hosts that are trusted no more, in the moment in which that is so. Thread-safe.
 *
 * <p>It watches until it is closed and nothing is open any more.
 */
final class TrustWatch implements AutoCloseable {
    private final TrustedNodes trusted;
    private final Fingerprint self;
    private final Set<Guarded> open = new HashSet<>();
    private boolean closed;
    private TrustedNodes.@Nullable Subscription subscription;

    private TrustWatch(TrustedNodes trusted, Fingerprint self) {
        this.trusted = trusted;
        this.self = self;
    }

    /**
     * Begins to watch.
     *
     * @param self the host that does the trusting, for messages
     */
    static TrustWatch over(TrustedNodes trusted, Fingerprint self) throws VmmigException {
        TrustWatch watch = new TrustWatch(trusted, self);
        TrustedNodes.Subscription subscription = trusted.onRemoval(watch::removed);
        synchronized (watch) {
            watch.subscription = subscription;
        }
        return watch;
    }

    /** Something that is open with a host; to be closed together with it. */
    final class Guarded implements AutoCloseable {
        private final Fingerprint peer;
        private final String name;
        private final Consumer<VmmigException> end;

        private Guarded(Fingerprint peer, String name, Consumer<VmmigException> end) {
            this.peer = peer;
            this.name = name;
            this.end = end;
        }

        private VmmigException distrusted() {
            return new TransportException(
                    Problem.PEER_UNTRUSTED,
                    name + " is not trusted any more by the host with the fingerprint " + self
                            + ", which has closed what was open between them",
                    "If that was not meant, let that host add it again; then start again.");
        }

        @Override
        public void close() {
            forget(this);
        }
    }

    /**
     * Ends something by {@code end} when {@code peer} is trusted no more, which may be before this returns: since the
     * handshake asked, a removal may have passed unnoticed.
     *
     * @param name what to call the peer in messages
     * @param end called by any thread, at most a few times; must not block
     */
    Guarded guard(Fingerprint peer, String name, Consumer<VmmigException> end) {
        Guarded guarded = new Guarded(peer, name, end);
        synchronized (this) {
            open.add(guarded);
        }
        try {
            if (!trusted.trusts(peer)) {
                end.accept(guarded.distrusted());
            }
        } catch (VmmigException e) {
            end.accept(e);
        } catch (RuntimeException | Error e) {
            guarded.close();
            throw e;
        }
        return guarded;
    }

    private void removed(Fingerprint node) {
        List<Guarded> toEnd;
        synchronized (this) {
            toEnd = open.stream().filter(one -> one.peer.equals(node)).toList();
        }
        toEnd.forEach(one -> one.end.accept(one.distrusted()));
    }

    private void forget(Guarded guarded) {
        synchronized (this) {
            open.remove(guarded);
        }
        stopWhenDone();
    }

    /** Takes on nothing more. What is open goes on, watched. Idempotent. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        stopWhenDone();
    }

    private void stopWhenDone() {
        TrustedNodes.Subscription toStop;
        synchronized (this) {
            if (!closed || !open.isEmpty()) {
                return;
            }
            toStop = subscription;
            subscription = null;
        }
        // Without the lock: a store that tells of a removal just now waits for it.
        if (toStop != null) {
            toStop.close();
        }
    }
}
