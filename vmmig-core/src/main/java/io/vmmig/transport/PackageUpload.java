// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.bundle.Manifest;
import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.io.OutputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A package on its way into a store. One thread calls the methods in this order; any thread may {@link #abort} and {@link #close()}.
 *
 * <pre>
 *   begin → packageStream → finish → publish → close
 * </pre>
 */
public interface PackageUpload extends AutoCloseable {
    /** The fingerprints (64 hex digits) of the hosts that can read the package; empty when everybody can. */
    default Set<String> recipients() {
        return Set.of();
    }

    /**
     * Prepares for the package.
     *
     * @return what the package may leave out, and which of the manifest's references it may refer to
     * @throws VmmigException when the package would not fit, or could not be restored
     */
    Acceptance begin(Manifest manifest) throws VmmigException;

    /**
     * Takes the bytes of the package. The caller flushes it at the end and does not close it. After {@link #abort} it throws an
     * {@link java.io.IOException} whose cause is a {@link VmmigException} with that reason.
     */
    OutputStream packageStream();

    /**
     * Waits until all bytes of the package are durable in the store. Nobody can see the package yet.
     *
     * @throws VmmigException when the store has failed
     */
    void finish() throws VmmigException;

    /**
     * Makes the package visible as a whole, durably: this hands the guest over.
     *
     * @param journal where to record what {@link Transport#outcomeOf} needs after a crash
     * @throws VmmigException with {@link io.vmmig.error.Problem#OUTCOME_UNKNOWN} when the package may be visible, now or later; with any other
     *     problem when it is not and never will be
     */
    void publish(HandOverJournal journal) throws VmmigException;

    /**
     * Removes what has been stored, unless {@link #publish} was called. May be repeated. Never throws, never blocks for long.
     *
     * @param reason what the other methods throw from now on; null if there is none
     */
    void abort(@Nullable Failure reason);

    /** Releases everything; aborts first unless {@link #publish} was called. May be repeated. */
    @Override
    void close();
}
