// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.Console;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The sizes of a host's files at one time.
 *
 * @param sizes the size of each file, in bytes
 */
record LogSizes(Map<Path, Long> sizes) {
    static LogSizes of(Path directory) {
        return new LogSizes(Trees.files(directory).stream()
                .filter(file -> file.getFileName().toString().endsWith(".log"))
                .collect(Collectors.toMap(file -> file, file -> file.toFile().length())));
    }

    /** The part of the console that was written after that time. */
    Console console(Path file) {
        return new Console(file, sizes.getOrDefault(file, 0L));
    }
}
