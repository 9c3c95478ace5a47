// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.Digest;
import io.vmmig.bundle.format.SealedPackage;
import java.util.List;
import java.util.Optional;

/**
 * What a whole package came to, as written or as read and verified.
 *
 * @param bytes the size of the package, in bytes
 * @param seal the SHA-256 of the package's seal, which stands for all of its content
 * @param contents its contents in their order, beginning with {@code manifest.json}
 */
public record PackageSummary(long bytes, Digest seal, List<Content> contents) {
    public PackageSummary {
        contents = List.copyOf(contents);
    }

    static PackageSummary of(SealedPackage sealed) {
        return new PackageSummary(
                sealed.bytes(),
                sealed.seal(),
                sealed.contents().stream()
                        .map(content ->
                                new Content(content.name(), content.bytes(), content.storedBytes(), content.digest()))
                        .toList());
    }

    /** The content of that name, such as {@code snapshot} or {@code disks/vda.0.qcow2}. */
    public Optional<Content> content(String name) {
        return contents.stream().filter(content -> content.name().equals(name)).findFirst();
    }

    /**
     * One content.
     *
     * @param name its name
     * @param bytes its size, in bytes
     * @param storedBytes the size that it takes in the package, in bytes, without the tar's headers
     * @param digest its SHA-256
     */
    public record Content(String name, long bytes, long storedBytes, Digest digest) {}
}
