// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;

/**
 * A reference of a package.
 *
 * @param pages its pages
 * @param order how its pages correspond to those of the package, so that a similar page can be found where none is equal
 */
public record Reference(PageSource pages, Order order) {
    /** How the pages of a reference correspond to those of a package. */
    public enum Order {
        /** In no particular order, as those of a disk in memory. */
        ANY,
        /** In the same order from some position on, as those of a kernel. */
        SAME,
        /** At the same positions, as those of an earlier package of the same guest. */
        SAME_POSITIONS
    }

    boolean ordered() {
        return order != Order.ANY;
    }
}
