// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.UUID;

/** What this host has done with packages out of stores, which it can tell their sources for certain. Thread-safe. */
public interface StoredPackages {
    /**
     * What became of a package.
     *
     * @return {@link Outcome#TAKEN} when its guest runs here or has run, not as a copy; {@link Outcome#NOT_TAKEN} when it was
     *     {@linkplain #refuse refused}; {@link Outcome#UNDER_WAY} when a recovery or a person has to settle it first;
     *     {@link Outcome#UNHEARD_OF} when it may still be taken in
     */
    Outcome outcomeOf(UUID packageId) throws VmmigException;

    /**
     * Promises, durably, that the package will never be taken in here, but for copies with identities of their own.
     *
     * @return false if it was taken in, or is about to be
     */
    boolean refuse(UUID packageId) throws VmmigException;
}
