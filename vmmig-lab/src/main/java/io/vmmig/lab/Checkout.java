// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab;

import java.nio.file.Files;
import java.nio.file.Path;

/** The project's checkout, which contains the lab's scripts. */
public final class Checkout {
    private Checkout() {}

    /** The root: the nearest directory upwards that has {@code lab/guest}. */
    public static Path root() {
        Path start = Path.of("").toAbsolutePath();
        for (Path directory = start; directory != null; directory = directory.getParent()) {
            if (Files.isExecutable(directory.resolve("lab/guest"))) {
                return directory;
            }
        }
        throw new LabException(
                "neither " + start + " nor a directory above it has lab/guest; run this in a checkout of vmmig");
    }

    /** The path of {@code lab/NAME}. */
    public static String script(String name) {
        return root().resolve("lab").resolve(name).toString();
    }
}
