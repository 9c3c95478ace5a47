// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.error.IncompatibleException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;

/**
 * Refusals of one image.
 *
 * @param image the image's name in messages, such as {@code disk image /srv/a.qcow2}
 */
record ImageProblems(String image) {

    /** The image breaks the rules of its format. */
    PackageFormatException malformed(String why) {
        return new PackageFormatException(
                Problem.IMAGE_MALFORMED,
                image + " " + why,
                "Look at it with qemu-img info and qemu-img check where it comes from.");
    }

    /** The image is valid, but of a kind that cannot move. */
    IncompatibleException unsupported(String why, String remedy) {
        return new IncompatibleException(Problem.DISK_UNSUPPORTED, image + " " + why, remedy);
    }
}
