// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.saveimage;

import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;

/** The one way in which a save image is refused. */
final class Malformed {
    private Malformed() {}

    static PackageFormatException image(String what) {
        return new PackageFormatException(
                Problem.IMAGE_MALFORMED, "the save image is malformed: " + what, "Save the guest again.");
    }
}
