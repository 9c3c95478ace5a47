// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import java.io.InputStream;

/** A package that arrives from a peer or is read from a store. One thread uses it; any thread may {@link #close()} it. */
public interface IncomingPackage extends AutoCloseable {
    /** Where it comes from, for people and for reports. */
    String description();

    /**
     * The unsealed package, from its first byte. The stream need not be closed. When the peer has aborted or the store has failed, it
     * throws an {@link java.io.IOException} whose cause is a {@link io.vmmig.error.VmmigException}; it ends only where the package is
     * complete.
     */
    InputStream packageStream();

    /** Releases everything. A blocked read returns or throws, and later reads fail. Idempotent. */
    @Override
    void close();
}
