// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.libvirt.posix.ThisProcess;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Prepares the directory of libvirt's embedded QEMU driver, which has no daemon and no system configuration. */
final class EmbeddedDriver {
    private EmbeddedDriver() {}

    /** Writes the configuration, unless there is one, and sends libvirt's own log to a file instead of stderr. */
    static void prepare(Path root) throws IOException {
        Path conf = Files.createDirectories(root.resolve("etc")).resolve("qemu.conf");
        try {
            Files.writeString(conf, configuration(ThisProcess.isRoot()), StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException e) {
            // Somebody has thought about it already.
            return;
        } finally {
            Path log = Files.createDirectories(root.resolve("log")).resolve("libvirt-embedded.log");
            ThisProcess.setEnvironmentIfMissing("LIBVIRT_LOG_OUTPUTS", "3:file:" + log);
        }
    }

    static String configuration(boolean root) {
        String text =
                """
                # Written by vmmig because there was none. Change what you like: it is not written again.

                # An embedded driver has no virtlogd, no machined and no cgroup of its own to rely on.
                stdio_handler = "file"
                namespaces = []
                cgroup_controllers = []

                # The program that embeds the driver decides how guests are confined.
                security_driver = "none"

                # Without a security driver libvirt needs no notes on who owned a file before.
                remember_owner = 0
                """;
        if (!root) {
            return text;
        }
        return text
                + """

                # As the program that embeds the driver, so that both can use the same files.
                user = "root"
                group = "root"
                """;
    }
}
