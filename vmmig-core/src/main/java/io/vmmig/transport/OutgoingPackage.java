// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.io.OutputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A package on its way to a peer or into a store. One thread writes it; any thread may {@link #abort} and {@link #close()}. */
public interface OutgoingPackage extends AutoCloseable {
    /** The fingerprints (64 hex digits) of the hosts that can read the package; empty when that is not known, or anyone can. */
    default Set<String> recipients() {
        return Set.of();
    }

    /**
     * The stream to write the package to. The caller flushes it and does not close it. Writing blocks while the other end is busy; after
     * the other end has failed, or after {@link #abort}, it throws an {@link java.io.IOException} whose cause is a {@link VmmigException}
     * with the reason.
     */
    OutputStream packageStream();

    /**
     * Completes the package, and waits until the other end holds all of it: a peer has the guest, paused and verified; a store has the
     * bytes, durable but not yet visible.
     */
    void finish() throws VmmigException;

    /**
     * Abandons the package, unless it has been handed over. Idempotent. Never throws, never blocks for long.
     *
     * @param reason sent to the other end, and thrown by the other methods from now on; null if there is none
     */
    void abort(@Nullable Failure reason);

    /** Releases everything; aborts first unless the package has been handed over. Idempotent. */
    @Override
    void close();
}
