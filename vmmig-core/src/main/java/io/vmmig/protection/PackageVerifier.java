// SPDX-License-Identifier: Apache-2.0
package io.vmmig.protection;

import io.vmmig.content.Digest;
import io.vmmig.error.VmmigException;
import java.util.List;
import java.util.UUID;

/** Decides whose packages this host takes. Thread-safe. */
@FunctionalInterface
public interface PackageVerifier {
    /**
     * Judges the signatures of a package.
     *
     * @param packageId the package
     * @param contents the digest of what it contains, as it was found to be
     * @param signatures what its seal holds, the oldest first; anybody may have written it
     * @return who has handled the guest, the oldest first; empty if that does not matter here
     * @throws VmmigException when the package is not to be taken, and why
     */
    List<Handling> verify(UUID packageId, Digest contents, List<String> signatures) throws VmmigException;
}
