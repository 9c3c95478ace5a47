// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.page.PageSource;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What both ends have agreed on before the guest is touched.
 *
 * @param departure the guest, as it was offered
 * @param manifest what the package begins with
 * @param pages the pages that it may refer to, in the order of the manifest's references
 * @param leftOut digests of content that need not travel
 */
record Agreement(Departure departure, Manifest manifest, List<PageSource> pages, Set<String> leftOut) {
    /** Whether content is sent; none is not. */
    boolean travels(Manifest.@Nullable Content content) {
        return content != null && !leftOut.contains(content.digest().toString());
    }

    boolean leavesOut(Manifest.@Nullable Content content) {
        return content != null && !travels(content);
    }
}
