// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** A package in a store, open for reading. One thread uses it; any thread may {@link #close()} it. */
public interface StoredPackage extends IncomingPackage {
    /** {@inheritDoc} Each call returns a stream with a position of its own. */
    @Override
    InputStream packageStream();

    /** Earlier packages that this one is based on, the oldest first, for a host that does not hold them; none unless the caller named some. */
    default List<EarlierPackage> earlierPackages() {
        return List.of();
    }

    /** A package that another one is based on. */
    interface EarlierPackage {
        /** Its bytes from the first, unsealed; the caller closes the stream. */
        InputStream open() throws IOException;

        /** Its name, for people. */
        @Override
        String toString();
    }

    /**
     * Says that the guest runs here. A source that waits for a receipt learns it.
     *
     * @throws VmmigException when the source could not be told; the guest keeps running here
     */
    default void taken() throws VmmigException {}

    /** Says that a copy of the guest, with an identity of its own, runs here; no source waits for that. */
    default void takenAsCopy() throws VmmigException {}

    /** Says that the package is damaged or not accepted, so that nothing that was fetched of it is retained for another try. */
    default void rejected() {}
}
