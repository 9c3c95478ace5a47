// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import org.jspecify.annotations.Nullable;

/**
 * The names that replace backing files' paths in packaged qcow2 images. QEMU takes {@code vmmig:} for an unknown protocol and refuses to
 * open such an image, so one that was extracted by hand fails safely.
 */
final class PackageNames {
    private PackageNames() {}

    /** The name of a base image. */
    static String ofBase(Digest digest) {
        return "vmmig:" + digest;
    }

    /** The name of a layer in the same package. */
    static String ofLayer(int layer) {
        return "vmmig:layer:" + layer;
    }

    /** The backing file that the manifest requires in a layer's header; null if none. */
    static Qcow2Header.@Nullable Backing expected(Manifest.Disk disk, int layer) {
        if (layer > 0) {
            return new Qcow2Header.Backing(
                    ofLayer(layer - 1), disk.layers().get(layer - 1).format().word());
        }
        Manifest.Base base = disk.base();
        return base == null
                ? null
                : new Qcow2Header.Backing(
                        ofBase(base.content().digest()), base.format().word());
    }
}
