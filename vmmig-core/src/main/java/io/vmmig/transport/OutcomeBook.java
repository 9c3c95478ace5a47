// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.Optional;
import java.util.UUID;

/** What a destination knows of the packages that came to it. Thread-safe. */
public interface OutcomeBook {
    /**
     * Says what became of a package. A guest that is here, but not handed over yet, is given up by that: whoever asks has lost
     * the connection over which it would have been. The same answer comes however often it is asked, but for
     * {@link Outcome#UNDER_WAY}.
     *
     * @param asker what whoever asks has proven to be, as {@link IncomingSession#peer} says it; only the source that the package
     *     came from is told, and gives anything up by asking, and any other is told {@link Outcome#UNHEARD_OF}
     * @throws VmmigException when the notes cannot be read
     */
    Outcome outcomeOf(UUID packageId, Optional<String> asker) throws VmmigException;
}
