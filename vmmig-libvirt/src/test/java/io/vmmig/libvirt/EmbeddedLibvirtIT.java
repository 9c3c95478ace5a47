// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.binding.Connection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** With libvirt's driver embedded in this JVM. */
@Tag("slow")
class EmbeddedLibvirtIT extends RealGuestTests {
    private static Path root;
    private static String uri;
    private static LibvirtHypervisor first;
    private static Connection connection;

    @BeforeAll
    static void embed() throws Exception {
        root = Files.createTempDirectory(Path.of("/tmp"), "vmmig-embed");
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
    static void leave() throws Exception {
        if (connection != null) {
            endGuests(connection);
            connection.close();
        }
        if (first != null) {
            first.close();
        }
        // The driver itself goes on to the end of this JVM, and has nothing to do any more.
        try (Stream<Path> left = Files.walk(root)) {
            for (Path file : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    @Test
    void aSecondRootIsRefusedWithAReason() {
        assertThatThrownBy(() -> LibvirtHypervisor.connect("qemu:///embed?root=/tmp/vmmig-other-root"))
                .hasMessageContaining("already, and cannot in /tmp/vmmig-other-root too");
        assertThat(Path.of("/tmp/vmmig-other-root")).doesNotExist();
    }

    /** libvirt itself would refuse after some twenty. */
    @Test
    void anyNumberOfHypervisorsMayShareTheDriver() throws Exception {
        for (int i = 0; i < 50; i++) {
            try (LibvirtHypervisor another = LibvirtHypervisor.connect(uri)) {
                another.guests();
            }
        }
    }

    @Test
    void aGuestThatIsLeftPausedIsResolvedLater() throws Exception {
        start(true);
        SavedGuest saved = hypervisor.guest(lab.name).save();
        drain(saved, scratch.resolve("image"));
        saved.leavePaused();
        saved.close();
        Guest found = hypervisor.guest(lab.name);
        assertThat(found.state()).isEqualTo(GuestState.PAUSED);
        found.resume();
        found.resume();
        lab.awaitTicking();
        found.remove();
        found.remove();
        assertProblem(Problem.GUEST_UNKNOWN, () -> hypervisor.guest(lab.name));
    }

    @Test
    void retiringAPersistentGuestRemovesItsDefinition() throws Exception {
        start(true);
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            drain(saved, scratch.resolve("image"));
            saved.retire();
            saved.retire();
            assertProblem(Problem.HYPERVISOR_FAILED, saved::resume);
        }
        assertProblem(Problem.GUEST_UNKNOWN, () -> hypervisor.guest(lab.name));
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
