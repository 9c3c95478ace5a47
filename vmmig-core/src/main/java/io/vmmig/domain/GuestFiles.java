// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the destination keeps the files of one guest; all paths are absolute.
 *
 * @param directory where logs and sockets go
 * @param disks the active image of each disk, by target
 * @param kernel the kernel, or null if the domain boots none
 * @param ramdisk the ramdisk, or null if the domain boots none
 */
public record GuestFiles(Path directory, Map<String, Path> disks, @Nullable Path kernel, @Nullable Path ramdisk) {
    public GuestFiles {
        disks = Map.copyOf(disks);
    }
}
