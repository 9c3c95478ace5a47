// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.content.Digest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a guest arrived at this host.
 *
 * @param from the digest of the seal of its package, or null if it is not known
 * @param signatures that package's verified signatures, the oldest first
 * @param changes what was changed in its domain, in words
 */
record GuestHistory(@Nullable Digest from, List<String> signatures, List<String> changes) {
    static final GuestHistory UNKNOWN = new GuestHistory(null, List.of(), List.of());

    GuestHistory {
        signatures = List.copyOf(signatures);
        changes = List.copyOf(changes);
    }
}
