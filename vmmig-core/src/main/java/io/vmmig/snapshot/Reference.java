// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;

/**
 * A reference of a package.
 *
 * @param pages its pages
 * @param earlier whether it is an earlier package of the same guest, so that a page that is not equal may be alike
 */
public record Reference(PageSource pages, boolean earlier) {}
