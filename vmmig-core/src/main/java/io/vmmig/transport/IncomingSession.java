// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The destination's side of one transfer. The methods are called in the order in which they stand here, by one thread;
 * {@link #refuse} and {@link #close()} at any time by any.
 *
 * <pre>
 *   offer → accept → packageStream, as far as it comes while the guest runs → ready → packageStream, read to its end → restored
 *     → awaitCommit → resumed → close
 *                                    └── or refuse, at any point before resumed
 * </pre>
 */
public interface IncomingSession extends IncomingPackage {
    /**
     * Tells {@code listener} each time the connection has been taken up again after it had broken, and how long there was none;
     * never, unless the transport can do that. To be called before the first {@code offer}. It is called by a thread on which the
     * transfer waits, so it should be quick.
     */
    default void onReconnected(Consumer<Duration> listener) {}

    /**
     * Waits until the source has offered something, of which nothing is looked at yet; so that a source that only connects keeps no
     * other one waiting.
     */
    default void awaitOffer() throws VmmigException {}

    /** What the source offers. */
    Offer offer() throws VmmigException;

    /** What the source has proven to be, such as the fingerprint of its keys; empty when it has proven nothing. */
    default Optional<String> peer() {
        return Optional.empty();
    }

    /** Whether there is no connection with the source at this moment, and it may still come back. */
    default boolean disconnected() {
        return false;
    }

    /** Says yes. */
    void accept(Acceptance acceptance) throws VmmigException;

    /**
     * Says that the source may suspend the guest: nothing is left that could be refused but what comes after that.
     */
    void ready() throws VmmigException;

    /** Says that the guest is here, paused and verified. What has not been read of the package is passed over. */
    void restored() throws VmmigException;

    /** Waits for the source's word that the guest may run here. If this throws, it may not. */
    void awaitCommit() throws VmmigException;

    /** Says that the guest runs here. */
    void resumed() throws VmmigException;

    /**
     * Says no, and why: the guest does not run here and will not, so that the source may resume it, even after it has
     * committed. Once {@link #awaitCommit()} has returned, call this only when that is certain. Never throws, never blocks
     * for long.
     */
    void refuse(Failure reason);

    /**
     * {@inheritDoc} Refuses first, unless {@link #awaitCommit()} has returned: from then on only the caller knows
     * whether the guest runs here, and a source that hears nothing must not resume it.
     */
    @Override
    void close();
}
