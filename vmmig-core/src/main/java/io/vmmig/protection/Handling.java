// SPDX-License-Identifier: Apache-2.0
package io.vmmig.protection;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * One host's verified statement about a guest that it handled.
 *
 * @param signer the host's key or name
 * @param at when it signed, by its own clock
 * @param packageId the package that it made
 * @param changes what was changed in the domain before, in words
 */
public record Handling(String signer, Instant at, UUID packageId, List<String> changes) {
    public Handling {
        changes = List.copyOf(changes);
    }
}
