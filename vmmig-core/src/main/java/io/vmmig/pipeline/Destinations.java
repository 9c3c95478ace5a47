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
 * Finds destinations by the addresses in journals.
 *
 * @param peers given by the caller of a recovery, or null
 */
record Destinations(@Nullable Peers peers) {
    /** The transport from a provider, without credentials. */
    Optional<Transport> provided(String address) throws VmmigException {
        // Not with the thread's context class loader, which is arbitrary.
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
