// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.libvirt.binding.Connection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** With libvirt's driver embedded in this JVM. */
class EmbeddedLibvirtIT extends RealGuestTests {
    private static String uri;
    private static LibvirtHypervisor first;
    private static Connection connection;

    @BeforeAll
    static void embed() throws Exception {
        Path root = Files.createTempDirectory(Path.of("/tmp"), "vmmig-embed");
        Path known = Files.createDirectories(root.resolve("cache/qemu/capabilities"));
        try (Stream<Path> files = Files.list(Path.of(Lab.run("capabilities")))) {
            for (Path file : files.toList()) {
                Files.copy(file, known.resolve(file.getFileName()));
            }
        }
        uri = "qemu:///embed?root=" + root;
        first = LibvirtHypervisor.connect(uri);
        // The driver is there already, and this joins it.
        connection = Connection.open(uri);
    }

    @AfterAll
    static void leave() {
        if (connection != null) {
            connection.close();
        }
        if (first != null) {
            first.close();
        }
    }

    @Override
    String uri() {
        return uri;
    }

    @Override
    Connection connection() {
        return connection;
    }
}
