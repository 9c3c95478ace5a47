// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.UUID;

/** This host's answers about packages that it read from stores, for their sources. Thread-safe. */
public interface StoredPackages {
    /**
     * The outcome of a package.
     *
     * @return {@link Outcome#TAKEN} when its guest runs here or has run, not as a copy; {@link Outcome#NOT_TAKEN} when it was {@linkplain
     *     #refuse refused}; {@link Outcome#UNDER_WAY} when a recovery or a person has to resolve it first; {@link Outcome#UNHEARD_OF} when
     *     it may still be restored
     */
    Outcome outcomeOf(UUID packageId) throws VmmigException;

    /**
     * Promises, durably, that the package will never be restored here, except as copies with their own identities.
     *
     * @return false if it was restored, or is about to be
     */
    boolean refuse(UUID packageId) throws VmmigException;
}
