// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.Seal;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.content.Digest;
import io.vmmig.snapshot.PageTally;
import java.util.List;
import java.util.Map;

/**
 * A whole sealed package.
 *
 * @param bytes its size, in bytes
 * @param digest the digest of its seal
 * @param seal its seal
 * @param pages for each content that is stored as pages, by name, how its pages are stored
 */
record SealedPackage(long bytes, Digest digest, Seal seal, Map<String, PageTally> pages) {
    public SealedPackage {
        pages = Map.copyOf(pages);
    }

    /** The contents, the manifest first. */
    public List<SealedContent> contents() {
        return seal.contents();
    }
}
