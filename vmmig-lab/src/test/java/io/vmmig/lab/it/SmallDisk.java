// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import io.vmmig.lab.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A file system of a few MiB, which is soon full. */
final class SmallDisk implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(10);

    private final Path path;

    SmallDisk(int mib) throws IOException {
        path = Files.createTempDirectory(Hosts.lab().directory(), "small");
        Command.of("mount", "-t", "tmpfs", "-o", "mode=711,size=" + mib + "m", "vmmig-it", path.toString())
                .run(SOON);
    }

    Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        Command.of("umount", path.toString()).run(SOON);
        Files.delete(path);
    }
}
