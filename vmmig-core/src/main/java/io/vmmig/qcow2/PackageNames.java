// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import org.jspecify.annotations.Nullable;

/**
 * The names that replace backing files' paths in packaged qcow2 images. QEMU takes {@code vmmig:} for an unknown protocol and refuses to
 * open such an image, so one that was extracted by hand fails safely.
 */
final class PackageNames {
    private PackageNames() {}

    /** The backing file that the manifest requires in a layer's header; null if none. */
    static Qcow2Header.@Nullable Backing expected(Manifest.Disk disk, int layer) {
        Manifest.Base base = disk.base();
        if (layer > 0) {
            return of(layer, disk.layers().get(layer - 1).format(), null);
        }
        return base == null ? null : of(layer, base.format(), base.content().digest());
    }

    /**
     * The backing file of a layer.
     *
     * @param below the format of the image below it
     * @param base the digest of the base image, for the lowest layer
     */
    static Qcow2Header.Backing of(int layer, ImageFormat below, @Nullable Digest base) {
        return new Qcow2Header.Backing(layer > 0 ? "vmmig:layer:" + (layer - 1) : "vmmig:" + base, below.word());
    }
}
