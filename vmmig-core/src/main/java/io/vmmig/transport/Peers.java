// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;

/** How destinations are found again whose addresses were noted. */
@FunctionalInterface
public interface Peers {
    /**
     * A way to the destination of that address.
     *
     * @param address what {@link Transport#address()} was when the migration began
     */
    Transport at(String address) throws VmmigException;
}
