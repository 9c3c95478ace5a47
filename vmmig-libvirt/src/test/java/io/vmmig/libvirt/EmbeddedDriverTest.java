// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedDriverTest {
    @TempDir
    Path root;

    @Test
    void aMissingConfigurationIsWritten() throws Exception {
        EmbeddedDriver.writeConfiguration(root, true);
        assertThat(root.resolve("etc/qemu.conf"))
                .content()
                .contains("user = \"root\"", "group = \"root\"", "security_driver = \"none\"", "remember_owner = 0")
                .contains("stdio_handler = \"file\"", "namespaces = []", "cgroup_controllers = []");
    }

    @Test
    void anOrdinaryUserDoesNotAskForRoot() throws Exception {
        EmbeddedDriver.writeConfiguration(root, false);
        assertThat(root.resolve("etc/qemu.conf")).content().doesNotContain("user =", "group =");
    }

    @Test
    void aConfigurationThatIsThereStays() throws Exception {
        Path conf = Files.createDirectories(root.resolve("etc")).resolve("qemu.conf");
        Files.writeString(conf, "# mine\n");
        EmbeddedDriver.writeConfiguration(root, true);
        assertThat(conf).hasContent("# mine");
    }
}
