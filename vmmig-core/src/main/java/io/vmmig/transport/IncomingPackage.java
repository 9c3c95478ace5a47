// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import java.io.InputStream;

/** A package that comes from a peer or is read from a store. One thread uses it; any thread may {@link #close()} it. */
public interface IncomingPackage extends AutoCloseable {
    /** Where it comes from, for people and for reports. */
    String description();

    /**
     * The package from its first byte, unsealed. The stream need not be closed. It throws an {@link java.io.IOException}, whose cause is a
     * {@link io.vmmig.error.VmmigException}, when the other end has given up or the store knows what is wrong; it ends only where the
     * package is complete.
     */
    InputStream packageStream();

    /** Releases everything. A read that waits ends, and later ones fail. May be repeated. */
    @Override
    void close();
}
