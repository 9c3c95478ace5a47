// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** The QEMU processes of this machine's guests, as /proc shows them. */
final class QemuProcess {
    private static final Path PROCESSES = Path.of("/proc");

    private QemuProcess() {}

    /** The guest's processes in /proc; empty if they are not on this machine, or not visible. */
    static List<Path> of(UUID guest) throws IOException {
        try (Stream<Path> entries = Files.list(PROCESSES)) {
            // Usually the latest first, since guests start after the system's processes.
            return entries.filter(entry ->
                            Character.isDigit(entry.getFileName().toString().charAt(0)))
                    .sorted(Comparator.comparing((Path entry) ->
                                    Long.parseLong(entry.getFileName().toString()))
                            .reversed())
                    .filter(entry -> isOf(entry, guest))
                    .toList();
        }
    }

    /** Whether the process still belongs to the guest. */
    static boolean isOf(Path process, UUID guest) {
        try {
            String command = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
            return command.contains("\0-uuid\0" + guest + "\0");
        } catch (IOException e) {
            // It has ended meanwhile.
            return false;
        }
    }
}
