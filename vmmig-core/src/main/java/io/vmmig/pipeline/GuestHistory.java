// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.content.Digest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a guest came to this host.
 *
 * @param from the seal of the package that it came in, or null if it was not seen to come
 * @param signatures that package's, verified, the oldest first
 * @param changes what was changed in its domain
 */
record GuestHistory(@Nullable Digest from, List<String> signatures, List<String> changes) {
    static final GuestHistory UNKNOWN = new GuestHistory(null, List.of(), List.of());

    GuestHistory {
        signatures = List.copyOf(signatures);
        changes = List.copyOf(changes);
    }
}
