// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;

/** A place for one package, such as a file or an address at a server. */
public non-sealed interface PackageStore extends Transport {
    /**
     * Begins to store a package. Each call begins a new upload, which the caller closes.
     *
     * @throws VmmigException when the place cannot be used
     */
    PackageUpload put() throws VmmigException;

    /**
     * Opens the package for a {@link io.vmmig.Receiver}; the caller closes it. The package stays in the store.
     *
     * @throws VmmigException when there is no package, or it cannot be read
     */
    StoredPackage open() throws VmmigException;
}
