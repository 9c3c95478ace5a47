// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.page.PageSource;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What both ends have agreed on before the guest is paused.
 *
 * @param departure the guest, as it was offered
 * @param manifest the package's manifest
 * @param pages the pages that the package may refer to, in the order of the manifest's references
 * @param leftOut digests of content that need not be sent
 */
record Agreement(Departure departure, Manifest manifest, List<PageSource> pages, Set<String> leftOut) {
    /** Whether the content is sent; false for null. */
    boolean travels(Manifest.@Nullable Content content) {
        return content != null && !leftOut.contains(content.digest().toString());
    }

    boolean leavesOut(Manifest.@Nullable Content content) {
        return content != null && !travels(content);
    }
}
