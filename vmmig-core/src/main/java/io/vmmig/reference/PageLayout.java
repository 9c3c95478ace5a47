// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How content is cut into numbered pages. Both ends have to do it alike, so what a layout says here does not change: another
 * way is another layout.
 */
public enum PageLayout {
    /** The bytes of a file from its beginning. */
    RAW(ImageFormat.RAW),

    /** The bytes that a guest sees of a qcow2 image that stands alone. */
    QCOW2(ImageFormat.QCOW2),

    /**
     * A kernel or a ramdisk as it is found in a guest's memory.
     *
     * <p>Of a cpio archive in the format newc, which may be several one after the other, the last one of which may be
     * compressed: the content of each file with content, from the beginning of a page, in the order of the archive. Of anything
     * else: the file itself, and, from the beginning of a page, what it unpacks to if it is compressed or an x86 bzImage. Known
     * compressions are gzip, zstd and LZ4's legacy format. What cannot be unpacked to its end, or would come to more than 1
     * GiB, is the file alone.
     */
    BOOT_1(ImageFormat.RAW),

    /**
     * As {@link #BOOT_1}, with xz, LZMA and bzip2 as well, with EFI zboot images, and with archives behind compressed ones, as
     * in initrds that were put one behind the other.
     */
    BOOT_2(ImageFormat.RAW);

    private final ImageFormat format;

    PageLayout(ImageFormat format) {
        this.format = format;
    }

    /**
     * The layout of what packages refer to.
     *
     * @throws IllegalArgumentException for a package, which has pages of its own
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

    /** How a package's pages refer to its kernel or ramdisk of that digest, if they do. */
    public static Set<PageLayout> ofBootFile(Manifest manifest, Digest digest) {
        Set<Manifest.Reference> boot = manifest.bootReferences();
        return manifest.references().stream()
                .filter(reference ->
                        boot.contains(reference) && reference.digest().equals(digest))
                .map(reference -> of(reference.kind()))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(PageLayout.class)));
    }

    /** The format under which an {@link ImageStore} holds such content. */
    public ImageFormat format() {
        return format;
    }
}
