// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;

/**
 * A reference of a package.
 *
 * @param pages its pages
 * @param order how its pages lie in comparison with those of the package, so that one that is not equal may be alike
 */
public record Reference(PageSource pages, Order order) {
    /** How pages lie in comparison with those of a package. */
    public enum Order {
        /** Anyhow, as those of a disk in memory. */
        ANY,
        /** One after the other, from some place on, as those of a kernel. */
        SAME,
        /** At the same positions, as those of an earlier package of the same guest. */
        SAME_POSITIONS
    }

    boolean ordered() {
        return order != Order.ANY;
    }
}
