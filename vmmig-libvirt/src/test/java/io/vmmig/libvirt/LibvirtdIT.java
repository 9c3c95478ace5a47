// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.binding.Connection;
import io.vmmig.libvirt.binding.Domain;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With a libvirt daemon, on a lab host of its own. */
@Tag("slow")
class LibvirtdIT extends RealGuestTests {
    private static final String HOST = "libvirtit";
    private static final String NEWER_HOST = "libvirtnew";

    private static String uri;
    private static Connection connection;

    @BeforeAll
    static void startHost() throws Exception {
        uri = Lab.run("host", "up", HOST);
        connection = Connection.open(uri);
    }

    @AfterAll
    static void stopHost() throws Exception {
        if (connection != null) {
            endGuests(connection);
            connection.close();
        }
        Lab.run("host", "down", HOST);
    }

    @Test
    void aGuestCanBeRolledBackAfterLibvirtdHasCrashed() throws Exception {
        try (LabGuest lab = LabGuest.boot(connection, "crash-guest", 192, 8, false);
                LibvirtHypervisor hypervisor = LibvirtHypervisor.connect(uri)) {
            try {
                SavedGuest saved = hypervisor.guest(lab.name).save();
                assertThat(saved.memory().transferTo(OutputStream.nullOutputStream()))
                        .isPositive();
                Lab.run("host", "crash", HOST);
                assertThatThrownBy(saved::resume)
                        .isInstanceOfSatisfying(VmmigException.class, e -> assertThat(e.problem())
                                .isEqualTo(Problem.HYPERVISOR_UNREACHABLE));
                Lab.run("host", "restart", HOST);
                saved.resume();
                lab.awaitTicking();
            } finally {
                reconnect(lab);
            }
        }
    }

    /** QEMU continues a commit that has begun. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void overlaysAreMergedAfterLibvirtdHasCrashed(boolean begun) throws Exception {
        start(true);
        // A libvirtd that finds a guest running says more in its XML than the one that started it.
        Lab.run("host", "crash", HOST);
        reconnect(lab);
        Overlaid overlaid = startOnOverlays(true);
        if (begun) {
            try (Domain domain = connection.domain(lab.name)) {
                for (String target : overlaid.overlays().keySet()) {
                    domain.commitActive(target);
                }
            }
        }
        Lab.run("host", "crash", HOST);
        try {
            assertProblem(Problem.HYPERVISOR_UNREACHABLE, overlaid::merge);
        } finally {
            reconnect(lab);
        }
        overlaid.merge();
        requireMerged(overlaid);
    }

    @Test
    void aMergeThatIsNotAwaitedIsCancelled() throws Exception {
        Overlaid overlaid = startOnOverlays(true);
        beginSlowMerge(overlaid.overlays().keySet());
        assertProblem(
                Problem.HYPERVISOR_TIMEOUT, () -> overlaid.guest().mergeOverlays(overlaid.overlays(), Duration.ZERO));
        assertThat(overlaid.overlays().values()).allMatch(Files::exists);
        // Only the first job was cancelled.
        beginSlowMerge(Set.of("vda"));
        Thread.currentThread().interrupt();
        assertProblem(Problem.CANCELLED, overlaid::merge);
        assertThat(Thread.interrupted()).isTrue();
        overlaid.merge();
        requireMerged(overlaid);
    }

    /** To a libvirtd that runs again. */
    private static void reconnect(LabGuest guest) throws Exception {
        Lab.run("host", "restart", HOST);
        connection.close();
        connection = Connection.open(uri);
        guest.use(connection);
    }

    private void beginSlowMerge(Set<String> targets) throws Exception {
        for (String target : targets) {
            virsh("blockcommit", lab.name, target, "--active", "--shallow", "--bytes", "--bandwidth", "4096");
        }
    }

    private static void virsh(String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("virsh", "-q", "-c", uri));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
    }

    @Test
    void aGuestIsNotStoppedWhileABlockJobWorksOnItsDisk() throws Exception {
        try (LabGuest lab = LabGuest.boot(connection, "pulling-guest", 192, 8, false);
                LibvirtHypervisor hypervisor = LibvirtHypervisor.connect(uri)) {
            virsh("blockpull", lab.name, "vda", "--bytes", "--bandwidth", "4096");
            int ticks = lab.ticks();
            assertThat(hypervisor.guest(lab.name).obstacleToOverlays()).contains("a block job works on disk vda");

            assertThatThrownBy(() -> hypervisor.guest(lab.name).save())
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY))
                    .hasMessageContaining("block job")
                    .hasMessageContaining("vda");

            lab.awaitTicking();
            assertThat(lab.ticks()).isGreaterThan(ticks);
            virsh("blockjob", lab.name, "vda", "--abort");
            try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
                assertThat(saved.memory().transferTo(OutputStream.nullOutputStream()))
                        .isPositive();
                saved.resume();
            }
            lab.awaitTicking();
        }
    }

    /** libvirt 11 reads the beginning of an image twice, which a FIFO has to be prepared for. */
    @Test
    void aGuestMovesToANewerRelease() throws Exception {
        String newerUri = Lab.run("host", "up", NEWER_HOST, "--release", "trixie");
        try (Connection newer = Connection.open(newerUri);
                LabGuest lab = LabGuest.boot(connection, "moving-guest", 192, 8, false);
                LibvirtHypervisor source = LibvirtHypervisor.connect(uri);
                LibvirtHypervisor destination = LibvirtHypervisor.connect(newerUri)) {
            String sum = lab.ask("sum");
            try (SavedGuest saved = source.guest(lab.name).save()) {
                RestoreRequest request = new RestoreRequest(saved.domainXml(), saved.cookie(), false);
                try (RestoringGuest truncated = destination.restore(request)) {
                    assertThatThrownBy(truncated::finish).isInstanceOf(HypervisorException.class);
                }
                assertThat(destination.guests()).isEmpty();
                try (RestoringGuest restoring = destination.restore(request)) {
                    assertThat(restoring.awaitReady()).isTrue();
                    saved.memory().transferTo(restoring.memory());
                    try (RestoredGuest restored = restoring.finish()) {
                        saved.retire();
                        restored.resume();
                    }
                }
            }
            lab.use(newer);
            lab.awaitTicking();
            // Its channel is gone: the source's end removed the socket that both had to share here.
            assertThat(sum).startsWith("sum ");
        } finally {
            Lab.run("host", "down", NEWER_HOST);
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
