// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import org.jspecify.annotations.Nullable;

/**
 * What stands in a packaged qcow2 image in place of its backing file's path. QEMU takes {@code vmmig:} for a protocol that
 * it does not know and refuses to open such an image, so one that was taken out of a package by hand fails safely.
 */
final class PackageNames {
    private PackageNames() {}

    /** The name of a base image, which the destination holds. */
    static String ofBase(Digest digest) {
        return "vmmig:" + digest;
    }

    /** The name of a layer in the same package. */
    static String ofLayer(int layer) {
        return "vmmig:layer:" + layer;
    }

    /** What a layer's header has to say if it is to agree with the manifest; null if it has to stand alone. */
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
