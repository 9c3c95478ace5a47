// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import org.jspecify.annotations.Nullable;

/**
 * One change of a domain's XML for the destination.
 *
 * @param where the place, such as {@code disk vda source}
 * @param before the old value, or null if it was added
 * @param after the new value, or null if it was removed
 */
public record DomainChange(String where, @Nullable String before, @Nullable String after) {
    @Override
    public String toString() {
        return where + ": " + (before == null ? "(nothing)" : before) + " → " + (after == null ? "(removed)" : after);
    }
}
