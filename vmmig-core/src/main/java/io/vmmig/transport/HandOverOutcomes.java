// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.Optional;
import java.util.UUID;

/** A destination's answers to sources that ask for the outcome of a hand-over. Thread-safe. */
public interface HandOverOutcomes {
    /**
     * The outcome for a package. Asking abandons a guest that is here but not handed over yet, since the source has lost the
     * connection for the hand-over. Repeated calls return the same answer, except for {@link Outcome#UNDER_WAY}.
     *
     * @param asker the authenticated identity of the source, as in {@link IncomingSession#peer}. Only the package's source gets
     *     an answer, and abandons anything by asking; all others get {@link Outcome#UNHEARD_OF}
     * @throws VmmigException when the journals cannot be read
     */
    Outcome outcomeOf(UUID packageId, Optional<String> asker) throws VmmigException;
}
