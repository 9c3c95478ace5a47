// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.io.OutputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A package on its way to a peer or into a store. One thread writes it; any thread may {@link #abort} and {@link #close()}. */
public interface OutgoingPackage extends AutoCloseable {
    /** The fingerprints (64 hex digits) of the hosts that can read the package; empty when that is not known, or everybody can. */
    default Set<String> recipients() {
        return Set.of();
    }

    /**
     * Takes the bytes of the package. The caller flushes it and does not close it. It blocks while the other end is busy. When that has
     * failed, or after {@link #abort}, it throws an {@link java.io.IOException} whose cause is a {@link VmmigException} with the reason.
     */
    OutputStream packageStream();

    /**
     * Says that the package is complete, and waits until the other end holds all of it: a peer the guest, paused and verified; a store the
     * bytes, durable, which nobody can see yet.
     */
    void finish() throws VmmigException;

    /**
     * Gives the package up, unless it has been given away. May be repeated. Never throws, never blocks for long.
     *
     * @param reason what the other end is told, and what the other methods throw from now on; null if there is none
     */
    void abort(@Nullable Failure reason);

    /** Releases everything; aborts first unless the package has been given away. May be repeated. */
    @Override
    void close();
}
