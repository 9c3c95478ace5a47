// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.Connection;
import io.vmmig.libvirt.binding.LibvirtError;
import io.vmmig.libvirt.posix.ThisProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * libvirt's QEMU driver inside this process, without a daemon or system configuration. libvirt allows one per process, does not
 * unregister it when its last connection closes, and refuses to open it after about twenty times; so this opens one connection,
 * shares it, and never closes it.
 */
final class EmbeddedDriver {
    private static @Nullable Path openRoot;
    private static @Nullable Connection openConnection;

    private EmbeddedDriver() {}

    /** A share of the process's connection. */
    static synchronized Connection connect(String uri, Path root) throws LibvirtError, VmmigException {
        if (openConnection == null) {
            openConnection = open(uri, root);
            openRoot = root;
        } else if (!root.equals(openRoot)) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "this process embeds libvirt's driver in " + openRoot + " already, and cannot in " + root + " too",
                    "Use a libvirt daemon, or another process, for the second.");
        }
        return openConnection.share();
    }

    private static Connection open(String uri, Path root) throws LibvirtError, VmmigException {
        Path log;
        try {
            writeConfiguration(root, ThisProcess.isRoot());
            log = Files.createDirectories(root.resolve("log")).resolve("libvirt-embedded.log");
        } catch (IOException e) {
            throw Errors.file("prepare the embedded driver", e);
        }
        // libvirt reads it once, at its first call; without it libvirt logs to stderr.
        return ThisProcess.withEnvironment("LIBVIRT_LOG_OUTPUTS", "3:file:" + log, () -> Connection.open(uri));
    }

    /** Writes the configuration if there is none. */
    static void writeConfiguration(Path root, boolean asRoot) throws IOException {
        Path conf = Files.createDirectories(root.resolve("etc")).resolve("qemu.conf");
        if (Files.notExists(conf)) {
            Files.writeString(conf, configuration(asRoot), StandardOpenOption.CREATE_NEW);
        }
    }

    private static String configuration(boolean root) {
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
