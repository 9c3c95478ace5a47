// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.bundle.Manifest;
import io.vmmig.error.VmmigException;

/**
 * A package on its way into a store. One thread calls the methods in this order; any thread may {@link #abort} and {@link #close()}.
 *
 * <pre>
 *   begin → packageStream → finish → publish → close
 * </pre>
 */
public interface PackageUpload extends OutgoingPackage {
    /**
     * Prepares for the package.
     *
     * @return what the package may leave out, and which of the manifest's references it may use
     * @throws VmmigException when the package would not fit, or could not be restored
     */
    Acceptance begin(Manifest manifest) throws VmmigException;

    /**
     * Makes the package visible as a whole, durably: this hands the guest over.
     *
     * @param journal where to record what {@link Transport#outcomeOf} needs after a crash
     * @throws VmmigException with {@link io.vmmig.error.Problem#OUTCOME_UNKNOWN} when the package may be visible, now or later; with any
     *     other problem when it is not visible and never will be
     */
    void publish(HandOverJournal journal) throws VmmigException;
}
