// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.error.VmmigException;
import io.vmmig.transport.Transport;
import io.vmmig.transport.TransportProvider;
import java.nio.file.Path;
import java.util.Optional;

/** Finds package files by their address, for a {@link io.vmmig.Recovery}. */
public final class PackageFileProvider implements TransportProvider {
    static final String SCHEME = "file:";

    /** For {@link java.util.ServiceLoader}. */
    public PackageFileProvider() {}

    @Override
    public Optional<Transport> at(String address) throws VmmigException {
        return address.startsWith(SCHEME)
                ? Optional.of(PackageFile.at(Path.of(address.substring(SCHEME.length()))))
                : Optional.empty();
    }
}
