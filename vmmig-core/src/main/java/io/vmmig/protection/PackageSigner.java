// SPDX-License-Identifier: Apache-2.0
package io.vmmig.protection;

import io.vmmig.error.VmmigException;
import java.util.List;

/** Signs packages in the name of this host. Thread-safe. */
@FunctionalInterface
public interface PackageSigner {
    /**
     * The signatures for the package: usually those with which the guest arrived, and one more.
     *
     * @return texts without line breaks, the oldest first
     * @throws VmmigException when it cannot be signed; the package is then not made
     */
    List<String> sign(PackageClaim claim) throws VmmigException;
}
