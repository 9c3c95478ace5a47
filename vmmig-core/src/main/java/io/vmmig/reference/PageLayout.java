// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How content is divided into numbered pages. Both ends must do it in the same way, so a layout never changes: a different method is a new
 * layout.
 */
public enum PageLayout {
    /** The bytes of a file. */
    RAW(ImageFormat.RAW),

    /** The bytes that a guest sees of a qcow2 image without a backing file. */
    QCOW2(ImageFormat.QCOW2),

    /**
     * A kernel or a ramdisk as it appears in a guest's memory.
     *
     * <p>For cpio archives in the format newc, one or several in sequence, the last of which may be compressed: the content of each
     * nonempty file, starting at a page boundary, in the order of the archive. For anything else: the file itself, followed, at a page
     * boundary, by its unpacked content if it is compressed or an x86 bzImage. Known compressions are gzip, zstd and LZ4's legacy format.
     * If the file cannot be unpacked to its end, or exceeds 1 GiB when unpacked: the file itself only.
     */
    BOOT_1(ImageFormat.RAW),

    /** As {@link #BOOT_1}, plus xz, LZMA and bzip2, EFI zboot images, and archives after compressed ones, as in concatenated initrds. */
    BOOT_2(ImageFormat.RAW);

    private final ImageFormat format;

    PageLayout(ImageFormat format) {
        this.format = format;
    }

    /**
     * The layout for a kind of reference.
     *
     * @throws IllegalArgumentException for a package, which has its own pages
     */
    public static PageLayout of(Manifest.Reference.Kind kind) {
        return switch (kind) {
            case RAW -> RAW;
            case QCOW2 -> QCOW2;
            case BOOT -> BOOT_1;
            case BOOT_2 -> BOOT_2;
            case PACKAGE -> throw new IllegalArgumentException("packages have pages of their own");
        };
    }

    /** The layouts in which a package's pages refer to its kernel or ramdisk of that digest. */
    public static Set<PageLayout> ofBootFile(Manifest manifest, Digest digest) {
        Set<Manifest.Reference> boot = manifest.bootReferences();
        return manifest.references().stream()
                .filter(reference ->
                        boot.contains(reference) && reference.digest().equals(digest))
                .map(reference -> of(reference.kind()))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(PageLayout.class)));
    }

    /** The format in which an {@link ImageStore} holds such content. */
    public ImageFormat format() {
        return format;
    }
}
