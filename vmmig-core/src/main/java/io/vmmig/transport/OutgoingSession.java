// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * The source's side of one transfer. One thread calls the methods in this order; any thread may {@link #abort} and {@link #close()}. Closing
 * without {@link #commit()} aborts, and leaves nothing at the destination.
 *
 * <pre>
 *   offer → packageStream, what can be sent while the guest runs → awaitReady → packageStream, the rest → finish → commit → close
 * </pre>
 */
public interface OutgoingSession extends OutgoingPackage {
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
     * Says that all has been written and flushed that can be sent while the guest runs, and waits until the destination is ready for
     * the rest: until nothing is left that it could refuse but what the rest itself brings. The guest must not be suspended before.
     *
     * @throws VmmigException what the destination has against the guest after all, as thrown there
     */
    void awaitReady() throws VmmigException;

    /**
     * Hands the guest over, and waits until the destination confirms that it has taken it.
     *
     * @throws VmmigException with {@link io.vmmig.error.Problem#OUTCOME_UNKNOWN} when the word was sent and no answer came; with
     *     any other problem when it is certain that the destination did not and will not take the guest
     */
    void commit() throws VmmigException;
}
