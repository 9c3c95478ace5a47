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
 *
 * <p>Any number of {@linkplain io.vmmig.bundle.Manifest#baseline() baselines} may precede that, each of them as
 *
 * <pre>
 *   offer → packageStream, all of it → awaitReady
 * </pre>
 */
public interface OutgoingSession extends OutgoingPackage {
    /**
     * Calls {@code listener} each time a broken connection has been restored, with the length of the outage. A transport that cannot
     * reconnect never calls it. Call this before the first {@code offer}. The listener should return quickly, since the transfer waits for
     * it.
     */
    default void onReconnected(Consumer<Duration> listener) {}

    /**
     * Asks the destination whether it accepts the guest.
     *
     * @throws VmmigException the destination's reason to refuse, as thrown there
     */
    Acceptance offer(Offer offer) throws VmmigException;

    /**
     * Tells the destination that everything that can be sent while the guest runs has been written and flushed, and waits until it is ready
     * for the rest, so that it can then refuse only the rest itself. The guest must not be suspended before. After a baseline, waits until
     * the destination has cached it.
     *
     * @throws VmmigException the destination's reason to refuse after all, as thrown there
     */
    void awaitReady() throws VmmigException;

    /**
     * Hands the guest over, and waits until the destination confirms that it has taken it.
     *
     * @throws VmmigException with {@link io.vmmig.error.Problem#OUTCOME_UNKNOWN} when the commit was sent and no answer came; with any
     *     other problem when it is certain that the destination did not and will not take the guest
     */
    void commit() throws VmmigException;
}
