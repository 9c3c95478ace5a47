// SPDX-License-Identifier: Apache-2.0
package io.vmmig.protection;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * What a host has vouched for.
 *
 * @param signer the host, as its key or its name is written
 * @param at when, by that host's clock
 * @param packageId the package that it made
 * @param changes what was changed in the domain before, for people
 */
public record Handling(String signer, Instant at, UUID packageId, List<String> changes) {
    public Handling {
        changes = List.copyOf(changes);
    }
}
