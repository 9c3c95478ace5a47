// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.saveimage;

import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;

/** The error for an invalid save image. */
final class Malformed {
    private Malformed() {}

    static PackageFormatException image(String what) {
        return new PackageFormatException(
                Problem.IMAGE_MALFORMED, "the save image is malformed: " + what, "Save the guest again.");
    }
}
