// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** A package in a store, open for reading. One thread uses it; any thread may {@link #close()} it. */
public interface StoredPackage extends IncomingPackage {
    /** {@inheritDoc} Each call returns a stream with its own position. */
    @Override
    InputStream packageStream();

    /**
     * The earlier packages that this one is based on, the oldest first, for a host that does not hold them; empty unless the caller named
     * some.
     */
    default List<EarlierPackage> earlierPackages() {
        return List.of();
    }

    /** A package that another one is based on. */
    interface EarlierPackage {
        /** The unsealed package, from its first byte; the caller closes the stream. */
        InputStream open() throws IOException;

        /** Its name, for people. */
        @Override
        String toString();
    }

    /**
     * Confirms that the guest runs here, to a source that waits for a receipt.
     *
     * @throws VmmigException when the source could not be notified; the guest keeps running here
     */
    default void taken() throws VmmigException {}

    /**
     * Records that a copy of the guest with its own identity runs here, or a guest whose package is based on this one; no source waits for
     * that.
     */
    default void takenAsCopy() throws VmmigException {}

    /** Reports that the package is damaged or not accepted, so that no fetched part of it is retained for another attempt. */
    default void rejected() {}
}
