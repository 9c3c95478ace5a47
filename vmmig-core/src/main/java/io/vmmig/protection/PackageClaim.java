// SPDX-License-Identifier: Apache-2.0
package io.vmmig.protection;

import io.vmmig.content.Digest;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What this host signs about a package that it makes.
 *
 * @param packageId the package
 * @param contents the digest of its contents
 * @param recipients the fingerprints (64 hex digits) of the hosts that it is for; empty when it is for any host
 * @param from the digest of the seal of the package in which the guest arrived, or null if none is known
 * @param earlier the signatures of that package, the oldest first
 * @param changes what was changed in the domain when it arrived, in words
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
