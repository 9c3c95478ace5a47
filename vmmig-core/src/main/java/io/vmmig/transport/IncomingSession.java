// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The destination's side of one transfer. One thread calls the methods in this order; any thread may call {@link #refuse} and {@link
 * #close()} at any time.
 *
 * <pre>
 *   offer → accept → packageStream, as far as it comes while the guest runs → ready → packageStream, read to its end → restored
 *     → awaitCommit → resumed → close
 *                                    └── or refuse, at any point before resumed
 * </pre>
 *
 * <p>An offer may be that of a {@linkplain io.vmmig.bundle.Manifest#baseline() baseline}. That one ends with ready, and the next offer follows:
 *
 * <pre>
 *   offer → accept → packageStream, read to its end → ready → offer …
 * </pre>
 */
public interface IncomingSession extends IncomingPackage {
    /**
     * Calls {@code listener} each time a broken connection has been restored, with the length of the outage. A transport that cannot
     * reconnect never calls it. Call this before the first {@code offer}. The listener should return quickly, since the transfer waits for
     * it.
     */
    default void onReconnected(Consumer<Duration> listener) {}

    /** Waits until an offer has arrived, without reading it, so that a source that connects and sends nothing does not block others. */
    default void awaitOffer() throws VmmigException {}

    /** The source's offer; after a baseline, waits for the next one. */
    Offer offer() throws VmmigException;

    /** The source's authenticated identity, such as the fingerprint of its keys; empty when it is not authenticated. */
    default Optional<String> peer() {
        return Optional.empty();
    }

    /** Whether the connection with the source is down at this moment, for a while or for good. */
    default boolean disconnected() {
        return false;
    }

    /** Accepts the offer. */
    void accept(Acceptance acceptance) throws VmmigException;

    /**
     * Tells the source that it may suspend the guest: from here on only what arrives afterwards can be refused. Of a baseline, that it is
     * cached.
     */
    void ready() throws VmmigException;

    /** Tells the source that the guest is here, paused and verified. Skips the unread part of the package. */
    void restored() throws VmmigException;

    /** Waits for the source's commit, after which the guest may run here. If this throws, it may not. */
    void awaitCommit() throws VmmigException;

    /** Tells the source that the guest runs here. */
    void resumed() throws VmmigException;

    /**
     * Refuses the guest, with a reason: it does not run here and never will, so the source may resume it, even after it has committed. Once
     * {@link #awaitCommit()} has returned, call this only when that is certain. Never throws, never blocks for long.
     */
    void refuse(Failure reason);

    /**
     * {@inheritDoc} Refuses first, unless {@link #awaitCommit()} has returned: from then on only the caller knows whether the guest runs
     * here, and a source without an answer must not resume it.
     */
    @Override
    void close();
}
