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
 * Ends connections with hosts as soon as they are no longer trusted. Thread-safe.
 *
 * <p>It watches until it is closed and no connection is open.
 */
final class RevocationMonitor implements AutoCloseable {
    private final TrustedNodes trusted;
    private final Fingerprint self;
    private final Set<Guarded> open = new HashSet<>();
    private boolean closed;
    private TrustedNodes.@Nullable Subscription subscription;

    private RevocationMonitor(TrustedNodes trusted, Fingerprint self) {
        this.trusted = trusted;
        this.self = self;
    }

    /**
     * Starts to watch.
     *
     * @param self the host whose trust this is, for messages
     */
    static RevocationMonitor over(TrustedNodes trusted, Fingerprint self) throws VmmigException {
        RevocationMonitor watch = new RevocationMonitor(trusted, self);
        TrustedNodes.Subscription subscription = trusted.onRemoval(watch::removed);
        synchronized (watch) {
            watch.subscription = subscription;
        }
        return watch;
    }

    /** A guarded connection; close it together with the connection. */
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
                    name + " is no longer trusted by the host with the fingerprint " + self
                            + ", which has closed the connections between them",
                    "If that was a mistake, add it again at that host; then start again.");
        }

        @Override
        public void close() {
            forget(this);
        }
    }

    /**
     * Calls {@code end} when {@code peer} is no longer trusted, perhaps before this returns: it may have been removed since the
     * handshake.
     *
     * @param name the peer's name for messages
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

    /** Accepts no more connections. Open ones continue, and are still watched. Idempotent. */
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
        // Without the lock: a store that is reporting a removal waits for it.
        if (toStop != null) {
            toStop.close();
        }
    }
}
