// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.Seal;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.content.Digest;
import io.vmmig.snapshot.PageTally;
import java.util.List;
import java.util.Map;

/**
 * What a whole package comes to.
 *
 * @param bytes its size, in bytes
 * @param digest the digest of its seal
 * @param seal its contents, and who vouches for them
 * @param pages what became of the pages of those contents that are stored as pages, by their names
 */
record SealedPackage(long bytes, Digest digest, Seal seal, Map<String, PageTally> pages) {
    public SealedPackage {
        pages = Map.copyOf(pages);
    }

    /** Its contents, the manifest first. */
    public List<SealedContent> contents() {
        return seal.contents();
    }
}
