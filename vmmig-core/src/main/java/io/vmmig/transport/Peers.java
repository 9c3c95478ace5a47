// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;

/** Finds a destination again by the address in a journal, with the credentials that it requires. */
@FunctionalInterface
public interface Peers {
    /**
     * The transport of that address.
     *
     * @param address what {@link Transport#address()} was when the migration began
     */
    Transport at(String address) throws VmmigException;
}
