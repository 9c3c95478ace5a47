// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.Command;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.LabHost;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The file systems of a host that vmmig writes to. They are small, so that a test can fill them. */
final class Disks {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int MIB = 1 << 20;
    private static final String FILLER = "filler";

    private Disks() {}

    /** For journals, images and retained packages, and for guests. */
    private static List<Path> in(Path hostDirectory) {
        return List.of(hostDirectory.resolve("state"), hostDirectory.resolve("guests"));
    }

    /** Mounts them for a host that has not started yet, so that all of its processes see them. */
    static void mount(Path hostDirectory, int mebibytes) {
        for (Path directory : in(hostDirectory)) {
            try {
                Files.createDirectories(directory);
            } catch (IOException e) {
                throw new LabException("could not make " + directory, e);
            }
            Command.of(
                            "mount",
                            "-t",
                            "tmpfs",
                            "-o",
                            "mode=711,size=" + mebibytes + "m",
                            "vmmig-faults",
                            directory.toString())
                    .run(SOON);
        }
    }

    /** Unmounts them, if they are mounted. */
    static void unmount(Path hostDirectory) {
        for (Path directory : in(hostDirectory)) {
            if (isMounted(directory)) {
                // A process that has just been killed may still hold files open there.
                Command.of("umount", "--lazy", directory.toString()).run(SOON);
            }
        }
    }

    private static boolean isMounted(Path directory) {
        try {
            return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                    .anyMatch(line -> line.contains(" " + directory + " "));
        } catch (IOException e) {
            throw new LabException("could not look at the mounts", e);
        }
    }

    /** Leaves no byte free. */
    static void fill(LabHost host) {
        for (Path directory : in(host.directory())) {
            byte[] zeros = new byte[MIB];
            Path filler = directory.resolve(FILLER);
            for (int size = MIB; size >= 512; size /= 2) {
                append(filler, zeros, size);
            }
        }
    }

    /** Until the disk is full. */
    private static void append(Path filler, byte[] zeros, int size) {
        try (OutputStream out = Files.newOutputStream(
                filler, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND)) {
            while (true) {
                out.write(zeros, 0, size);
            }
        } catch (IOException e) {
            // As intended: no space is left.
        }
    }

    /** Undoes {@link #fill}. */
    static void free(LabHost host) {
        for (Path directory : in(host.directory())) {
            try {
                Files.deleteIfExists(directory.resolve(FILLER));
            } catch (IOException e) {
                throw new LabException("could not empty " + directory, e);
            }
        }
    }
}
