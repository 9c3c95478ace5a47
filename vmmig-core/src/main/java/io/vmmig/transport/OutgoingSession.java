// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The source's side of one transfer. The methods are called in the order in which they stand here, by one thread;
 * {@link #abort} and {@link #close()} at any time by any. Closing without {@link #commit()} aborts, and the destination
 * is left with nothing.
 *
 * <pre>
 *   offer → packageStream, what can be sent while the guest runs → awaitReady → packageStream, the rest → finish → commit → close
 * </pre>
 */
public interface OutgoingSession extends AutoCloseable {
    /**
     * The fingerprints (64 hex digits) of the hosts that the package is for; empty when that is not known.
     */
    default Set<String> recipients() {
        return Set.of();
    }

    /**
     * Tells {@code listener} each time the connection has been taken up again after it had broken, and how long there was none;
     * never, unless the transport can do that. To be called before the first {@code offer}. It is called by a thread on which the
     * transfer waits, so it should be quick.
     */
    default void onReconnected(Consumer<Duration> listener) {}

    /**
     * Asks the destination whether it will take the guest.
     *
     * @throws VmmigException what the destination has against it, as thrown there
     */
    Acceptance offer(Offer offer) throws VmmigException;

    /**
     * Takes the bytes of the package; the caller does not close it. Blocks while the destination is busy. When the
     * destination has failed, throws an {@link java.io.IOException} whose cause is the {@link VmmigException} from there.
     */
    OutputStream packageStream();

    /**
     * Says that all has been written and flushed that can be sent while the guest runs, and waits until the destination is ready for
     * the rest: until nothing is left that it could refuse but what the rest itself brings. The guest must not be suspended before.
     *
     * @throws VmmigException what the destination has against the guest after all, as thrown there
     */
    void awaitReady() throws VmmigException;

    /** Says that the package is complete, and waits until the destination holds the guest paused and verified. */
    void finish() throws VmmigException;

    /**
     * Hands the guest over, and waits until the destination confirms that it has taken it.
     *
     * @throws VmmigException with {@link io.vmmig.error.Problem#OUTCOME_UNKNOWN} when the word was sent and no answer came; with
     *     any other problem when it is certain that the destination did not and will not take the guest
     */
    void commit() throws VmmigException;

    /** Tells the destination to give up, and why; null if there is nothing to tell. Never throws, never blocks for long. */
    void abort(@Nullable Failure reason);

    /** Frees the connection; aborts first unless {@link #commit()} was called. */
    @Override
    void close();
}
