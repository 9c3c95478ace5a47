// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import java.util.Arrays;
import java.util.Optional;

/** The formats of disk images in packages. */
public enum ImageFormat {
    /** Plain bytes. */
    RAW("raw"),
    /** QEMU's copy-on-write format, version 2 or 3. */
    QCOW2("qcow2");

    private final String word;

    ImageFormat(String word) {
        this.word = word;
    }

    /** The format's name in domain XML, in qcow2 headers and in manifests. */
    public String word() {
        return word;
    }

    /** The format of that name. */
    public static Optional<ImageFormat> of(String word) {
        return Arrays.stream(values())
                .filter(format -> format.word.equals(word))
                .findFirst();
    }
}
