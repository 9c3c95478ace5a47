// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.Digest;
import java.util.List;
import java.util.Optional;

/**
 * What a whole package comes to.
 *
 * @param bytes its size, in bytes
 * @param seal the digest of its seal
 * @param contents its contents, the manifest first
 */
public record SealedPackage(long bytes, Digest seal, List<SealedContent> contents) {
    public SealedPackage {
        contents = List.copyOf(contents);
    }

    /** The content of that name. */
    public Optional<SealedContent> content(String name) {
        return contents.stream().filter(content -> content.name().equals(name)).findFirst();
    }
}
