// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.transport.Peers;
import io.vmmig.transport.Transport;
import io.vmmig.transport.TransportProvider;
import java.util.Optional;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * Finds destinations by the addresses that journals have.
 *
 * @param peers what the caller of a recovery finds; null if that is nothing
 */
record Destinations(@Nullable Peers peers) {
    /** Found without any secrets. */
    Optional<Transport> provided(String address) throws VmmigException {
        // Not by the thread's class loader, which may be anybody's.
        for (TransportProvider provider :
                ServiceLoader.load(TransportProvider.class, TransportProvider.class.getClassLoader())) {
            Optional<Transport> transport = provider.at(address);
            if (transport.isPresent()) {
                return transport;
            }
        }
        return Optional.empty();
    }

    Optional<Transport> at(String address) throws VmmigException {
        Optional<Transport> provided = provided(address);
        return provided.isPresent() || peers == null ? provided : Optional.of(peers.at(address));
    }
}
