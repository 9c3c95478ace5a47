// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.Problem;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.GuestWatch;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.Interference.Kind;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.binding.Connection;
import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Other tools let a guest run, or end it, while it is kept paused; also behind libvirt's back. */
@Tag("slow")
class InterferenceIT extends RealGuests {
    private static final String HOST = "meddled";
    private static final int SOME_BYTES = 1 << 20;
    private static final String CONT = "qemu-monitor-command guest '{\"execute\":\"cont\"}'";
    private static final String STOP = "qemu-monitor-command guest '{\"execute\":\"stop\"}'";

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

    @Override
    String uri() {
        return uri;
    }

    @Override
    Connection connection() {
        return connection;
    }

    /** What a user may do, all within one connection, so as quickly as libvirt lets them. */
    enum Act {
        RESUME(GuestState.RUNNING, "resume guest"),
        CONT(GuestState.RUNNING, InterferenceIT.CONT),
        RESUME_AND_SUSPEND(GuestState.PAUSED, "resume guest", "suspend guest"),
        CONT_AND_STOP(GuestState.PAUSED, InterferenceIT.CONT, InterferenceIT.STOP),
        DESTROY(GuestState.STOPPED, "destroy guest");

        private final GuestState leaves;
        private final List<String> commands;

        Act(GuestState leaves, String... commands) {
            this.leaves = leaves;
            this.commands = List.of(commands);
        }

        Kind means() {
            return leaves == GuestState.STOPPED ? Kind.ENDED : Kind.RAN;
        }
    }

    private void virsh(List<String> commands) throws Exception {
        Path errors = Files.createTempFile(scratch, "virsh", ".err");
        Process virsh = new ProcessBuilder("virsh", "-c", uri, String.join(" ; ", commands))
                .redirectOutput(new File("/dev/null"))
                .redirectError(errors.toFile())
                .start();
        assertThat(virsh.waitFor()).as(Files.readString(errors)).isZero();
    }

    private static void drain(SavedGuest saved) throws Exception {
        saved.memory().transferTo(OutputStream.nullOutputStream());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aGuestThatNobodyTouchesIsUntouchedFromItsSuspensionToItsEnd(int round) throws Exception {
        start(false);
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            assertThat(saved.interference()).isEmpty();
            saved.memory().readNBytes(SOME_BYTES * round);
            assertThat(saved.interference()).isEmpty();
            drain(saved);
            assertThat(saved.interference()).isEmpty();
        }
        lab.awaitTicking();
    }

    @ParameterizedTest
    @EnumSource
    void whatOthersDoAfterTheStreamIsNoticed(Act act) throws Exception {
        start(false);
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            drain(saved);
            virsh(act.commands);
            assertNoticed(saved, act);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"RESUME", "CONT", "CONT_AND_STOP"})
    void whatOthersDoBeforeTheStreamIsNoticedAtItsEnd(Act act) throws Exception {
        start(false);
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            saved.memory().readNBytes(SOME_BYTES);
            if (act == Act.RESUME) {
                // libvirt itself refuses that while it saves.
                virsh(Act.CONT.commands);
            } else {
                virsh(act.commands);
            }
            drain(saved);
            assertThat(saved.interference())
                    .get()
                    .extracting(Interference::kind)
                    .isEqualTo(Kind.RAN);
        }
        lab.awaitTicking();
    }

    /** What a recovery goes by, which was not there to watch. */
    @Test
    void thatAGuestRanAfterItWasSavedShowsForAsLongAsItIsPaused() throws Exception {
        start(false);
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            drain(saved);
            saved.leavePaused();
        }
        assertThat(hypervisor.guest(lab.name).ranSinceSaved()).isFalse();
        virsh(Act.CONT_AND_STOP.commands);
        assertThat(hypervisor.guest(lab.name).ranSinceSaved()).isTrue();
        hypervisor.guest(lab.name).resume();
        lab.awaitTicking();
    }

    /** The one sign that is left when libvirt was not there to see it. */
    @Test
    void aGuestThatRanWhileLibvirtWasAwayIsNoticed() throws Exception {
        start(false);
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            drain(saved);
            Lab.run("host", "restart", HOST);
            assertThat(saved.interference())
                    .as("its processors show that it did not run")
                    .isEmpty();
            virsh(Act.CONT_AND_STOP.commands);
            assertThat(saved.interference())
                    .get()
                    .extracting(Interference::kind)
                    .isEqualTo(Kind.RAN);
        } finally {
            connection.close();
            connection = Connection.open(uri);
            lab.use(connection);
        }
        lab.awaitTicking();
    }

    private void assertNoticed(SavedGuest saved, Act act) throws Exception {
        Optional<Interference> seen = saved.interference();
        assertThat(seen).get().satisfies(interference -> {
            assertThat(interference.kind()).isEqualTo(act.means());
            assertThat(interference.now()).isEqualTo(act.leaves);
        });
        if (act == Act.DESTROY) {
            assertProblem(Problem.GUEST_NOT_RUNNING, saved::resume);
            return;
        }
        saved.resume();
        boolean left = act == Act.RESUME_AND_SUSPEND;
        assertThat(hypervisor.guest(lab.name).state()).isEqualTo(left ? GuestState.PAUSED : GuestState.RUNNING);
        if (left) {
            virsh(List.of("resume guest"));
        }
        lab.awaitTicking();
    }

    @ParameterizedTest
    @EnumSource
    void whatOthersDoToARestoredGuestIsNoticed(Act act) throws Exception {
        start(false);
        Path image = scratch.resolve("image");
        RestoreRequest request;
        long bytes;
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            bytes = drain(saved, image);
            request = new RestoreRequest(saved.domainXml(), saved.cookie(), false);
            saved.retire();
        }
        try (RestoringGuest restoring = hypervisor.restore(request);
                RestoredGuest restored = feed(restoring, image, bytes).finish()) {
            assertThat(restored.interference()).isEmpty();
            virsh(act.commands);
            assertThat(restored.interference()).get().satisfies(interference -> {
                assertThat(interference.kind()).isEqualTo(act.means());
                assertThat(interference.now()).isEqualTo(act.leaves);
            });
            if (act != Act.DESTROY) {
                restored.resume();
                lab.awaitTicking();
            }
        }
    }

    @Test
    void aWatchSeesWhatOthersDoAndNotWhatWeDo() throws Exception {
        start(false);
        var guest = hypervisor.guest(lab.name);
        try (GuestWatch watch = guest.watch()) {
            try (SavedGuest saved = guest.save()) {
                drain(saved);
                assertThat(watch.observed()).isEmpty();
                virsh(List.of("metadata guest http://example.org/x --live --key x --set '<a/>'", "reset guest"));
                Await.until(
                        "both were reported",
                        Duration.ofSeconds(10),
                        () -> watch.observed().size() >= 2);
                List<String> seen = new ArrayList<>();
                watch.observed().forEach(one -> seen.add(one.what()));
                assertThat(seen)
                        .anyMatch(what -> what.contains("metadata was changed (http://example.org/x)"))
                        .anyMatch(what -> what.contains("rebooted"));
                virsh(Act.DESTROY.commands);
                saved.leavePaused();
            }
        }
    }
}
