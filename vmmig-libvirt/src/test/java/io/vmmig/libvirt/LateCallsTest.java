// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.libvirt.SlowLibvirt.Call;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each call of libvirt that changes something, finished after its deadline: what becomes of the guest, and what is said of it. */
@Timeout(60)
class LateCallsTest {
    private static final Duration DEADLINE = Duration.ofMillis(300);
    private static final UUID GUEST = UUID.randomUUID();

    @TempDir
    Path directory;

    private final SlowLibvirt libvirt = new SlowLibvirt(GUEST);
    private final Claims claims = new Claims();
    private final Calls calls = new Calls(libvirt, DEADLINE);
    private final GuestCalls guest = new GuestCalls(calls, claims, "guest", GUEST);

    @AfterEach
    void close() {
        calls.close();
    }

    private interface Doing {
        void run() throws VmmigException;
    }

    private void giveUp(Call call, Doing doing) {
        libvirt.hang(call);
        assertThatThrownBy(doing::run).isInstanceOfSatisfying(HypervisorException.class, e -> assertThat(e.problem())
                .isEqualTo(Problem.HYPERVISOR_TIMEOUT));
        assertThatThrownBy(() -> claims.claim(GUEST, "guest"))
                .as("nobody begins anything with it until that is over")
                .isInstanceOfSatisfying(
                        HypervisorException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY));
    }

    private void finishLate(Call call) throws Exception {
        libvirt.finish(call);
        Await.until("it is over", Duration.ofSeconds(20), () -> {
            try {
                claims.claim(GUEST, "guest");
                claims.release(GUEST);
                return true;
            } catch (HypervisorException e) {
                return false;
            }
        });
    }

    @Test
    void aLateSuspendIsUndone() throws Exception {
        libvirt.runs();
        giveUp(Call.SUSPEND, guest::suspend);
        finishLate(Call.SUSPEND);
        assertThat(libvirt.state()).isEqualTo("running");
    }

    @Test
    void aLateResumeStays() throws Exception {
        libvirt.isPaused();
        giveUp(Call.RESUME, guest::continueRunning);
        finishLate(Call.RESUME);
        assertThat(libvirt.state()).isEqualTo("running");
    }

    /** It stayed there without disks, and was in the way of the next move. */
    @Test
    void aLateDefinitionIsUndone() throws Exception {
        giveUp(Call.DEFINE, () -> guest.define("<domain/>"));
        finishLate(Call.DEFINE);
        assertThat(libvirt.state()).isEqualTo("unknown");
    }

    @ParameterizedTest
    @EnumSource(names = {"UNDEFINE", "DESTROY"})
    void aLateRemovalIsFinished(Call call) throws Exception {
        libvirt.isPaused();
        libvirt.isDefined();
        giveUp(call, guest::remove);
        finishLate(call);
        assertThat(libvirt.state()).isEqualTo("unknown");
    }

    @Test
    void whatALateLookupFindsIsNotChangedAnyMore() throws Exception {
        libvirt.runs();
        libvirt.hang(Call.LOOK_UP);
        assertThatThrownBy(guest::suspend).isInstanceOf(HypervisorException.class);
        finishLate(Call.LOOK_UP);
        assertThat(libvirt.state()).isEqualTo("running");
        assertThat(libvirt.made()).as("not even begun").doesNotContain(Call.SUSPEND);
    }

    @Test
    void memoryThatIsLentTooLateIsGivenBack() throws Exception {
        libvirt.runs();
        libvirt.hasMemory(100 << 20);
        giveUp(Call.SET_MEMORY, () -> new LibvirtBalloon(guest).resize(50 << 20));
        finishLate(Call.SET_MEMORY);
        assertThat(libvirt.memory()).isEqualTo(100 << 20);
        giveUp(Call.SET_MEMORY, () -> new LibvirtBalloon(guest).resize(120 << 20));
        finishLate(Call.SET_MEMORY);
        assertThat(libvirt.memory()).as("what is given back stays").isEqualTo(120 << 20);
    }

    private DiskOverlays overlays() {
        return new DiskOverlays(guest, guest, new ArrayList<>());
    }

    /** Their files are not taken for unused meanwhile. */
    @Test
    void lateOverlaysStayForTheirMerge() throws Exception {
        Map<String, Path> overlays = Map.of("vda", Files.createFile(directory.resolve("overlay")));
        libvirt.runs();
        libvirt.shows(DiskOverlaysTest.domain(DiskOverlaysTest.disk("vda", "/srv/disk.raw", "")));
        giveUp(Call.SNAPSHOT_DISKS, () -> overlays().add(overlays));
        assertThatThrownBy(() -> overlays().merge(overlays, DEADLINE))
                .isInstanceOfSatisfying(
                        HypervisorException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY));
        finishLate(Call.SNAPSHOT_DISKS);
        assertThat(overlays.get("vda")).exists();
    }

    @Test
    void aLateCommitIsCancelled() throws Exception {
        Path overlay = Files.createFile(directory.resolve("overlay"));
        libvirt.runs();
        libvirt.shows(DiskOverlaysTest.domain(DiskOverlaysTest.disk("vda", overlay.toString(), "")));
        giveUp(Call.COMMIT, () -> overlays().merge(Map.of("vda", overlay), DEADLINE));
        finishLate(Call.COMMIT);
        assertThat(libvirt.made()).contains(Call.COMMIT, Call.ABORT_BLOCK_JOB);
        assertThat(libvirt.hasBlockJob()).isFalse();
        assertThat(overlay).exists();
    }

    @Test
    void aLateRestoreIsRemovedAndUntilThenNotSaidToBeGone() throws Exception {
        libvirt.hang(Call.RESTORE);
        LibvirtOptions options = LibvirtOptions.defaults()
                .withCallDeadline(DEADLINE)
                .withRestoreStall(DEADLINE)
                .withWorkDirectory(directory);
        RestoreRequest request = new RestoreRequest("<domain/>", null, false);
        assertThatThrownBy(
                        () -> LibvirtRestoringGuest.start(guest, guest, options, request, "/log/guest.log", () -> {}))
                .isInstanceOfSatisfying(
                        HypervisorException.class, e -> assertThat(e.problem()).isEqualTo(Problem.HYPERVISOR_TIMEOUT))
                .satisfies(e -> assertThat(e.getSuppressed()[0]).hasMessageContaining("may still succeed"));
        finishLate(Call.RESTORE);
        assertThat(libvirt.state()).isEqualTo("unknown");
    }

    @Test
    void whoClosesItDoesNotKeepThatFromBeingUndone() throws Exception {
        giveUp(Call.DEFINE, () -> guest.define("<domain/>"));
        calls.close();
        finishLate(Call.DEFINE);
        assertThat(libvirt.state()).isEqualTo("unknown");
    }

    /** The connection broke before libvirt could say whether it had done it. */
    @Test
    void whatMayHaveHappenedCountsAsHappened() throws Exception {
        libvirt.runs();
        giveUp(Call.SUSPEND, guest::suspend);
        libvirt.breakOff(Call.SUSPEND);
        finishLate(Call.SUSPEND);
        assertThat(libvirt.state()).isEqualTo("running");
    }
}
