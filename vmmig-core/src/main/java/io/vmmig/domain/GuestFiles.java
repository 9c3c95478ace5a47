// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The paths of one guest's files at the destination, all absolute.
 *
 * @param directory for logs and sockets
 * @param disks the active image of each disk, by target
 * @param kernel the kernel, or null if the domain has none
 * @param ramdisk the ramdisk, or null if the domain has none
 */
public record GuestFiles(Path directory, Map<String, Path> disks, @Nullable Path kernel, @Nullable Path ramdisk) {
    public GuestFiles {
        disks = Map.copyOf(disks);
    }
}
