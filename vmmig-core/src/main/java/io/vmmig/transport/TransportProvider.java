// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.Optional;

/**
 * Finds transports by their address alone, without credentials, for a {@link io.vmmig.Recovery}, which loads providers with {@link
 * java.util.ServiceLoader}.
 */
public interface TransportProvider {
    /**
     * The transport of that address.
     *
     * @param address what {@link Transport#address()} was when the migration began
     * @return empty if the address is not of this provider's kind
     * @throws VmmigException when the address is of this kind and cannot be used
     */
    Optional<Transport> at(String address) throws VmmigException;
}
