// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;

/** Finds a destination again whose address is in a journal, with the secrets that this takes. */
@FunctionalInterface
public interface Peers {
    /**
     * The transport of that address.
     *
     * @param address what {@link Transport#address()} was when the migration began
     */
    Transport at(String address) throws VmmigException;
}
