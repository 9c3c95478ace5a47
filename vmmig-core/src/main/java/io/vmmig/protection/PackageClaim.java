// SPDX-License-Identifier: Apache-2.0
package io.vmmig.protection;

import io.vmmig.content.Digest;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What this host says of a package that it makes.
 *
 * @param packageId the package
 * @param contents the digest of its contents
 * @param recipients the fingerprints (64 hex digits) of the hosts that it is for; empty when it is for whoever gets it
 * @param from the digest of the seal of the package that the guest came in, or null if it was not seen to come in one
 * @param earlier the signatures that it came with, the oldest first
 * @param changes what was changed in the domain when it came, for people
 */
public record PackageClaim(
        UUID packageId,
        Digest contents,
        Set<String> recipients,
        @Nullable Digest from,
        List<String> earlier,
        List<String> changes) {
    public PackageClaim {
        recipients = Set.copyOf(recipients);
        earlier = List.copyOf(earlier);
        changes = List.copyOf(changes);
    }
}
