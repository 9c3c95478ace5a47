// SPDX-License-Identifier: Apache-2.0
package io.vmmig.protection;

import io.vmmig.content.Digest;
import io.vmmig.error.VmmigException;
import java.util.List;
import java.util.UUID;

/** Decides whose packages this host accepts. Thread-safe. */
@FunctionalInterface
public interface PackageVerifier {
    /**
     * Verifies the signatures of a package.
     *
     * @param packageId the package
     * @param contents the digest of its contents, as computed by this host
     * @param signatures the signatures in its seal, the oldest first; untrusted
     * @return the hosts that handled the guest, the oldest first; empty if this verifier does not check them
     * @throws VmmigException when the package is not accepted, and why
     */
    List<Handling> verify(UUID packageId, Digest contents, List<String> signatures) throws VmmigException;
}
