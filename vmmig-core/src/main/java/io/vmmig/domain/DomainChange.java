// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import org.jspecify.annotations.Nullable;

/**
 * One thing that was changed in a domain's XML on the way from one host to another.
 *
 * @param where what it is of, such as {@code disk vda source}
 * @param before what stood there, or null if nothing did
 * @param after what stands there now, or null if it was removed
 */
public record DomainChange(String where, @Nullable String before, @Nullable String after) {
    @Override
    public String toString() {
        return where + ": " + (before == null ? "(nothing)" : before) + " → " + (after == null ? "(removed)" : after);
    }
}
