// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.content.Digest;
import io.vmmig.domain.LiveChain;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.GuestWatch;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.RamRegion;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.binding.Domain;
import io.vmmig.qcow2.DiskChain;
import io.vmmig.qcow2.ImageFiles;
import io.vmmig.xml.BoundedXml;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What must hold for real guests, whatever way libvirt runs. */
abstract class RealGuestTests extends RealGuests {
    static final Duration MERGE = Duration.ofSeconds(30);

    @Test
    void aGuestThatIsSavedAndRestoredContinuesAsIfNothingHadHappened() throws Exception {
        start(false);
        String sum = lab.ask("sum");
        Path image = scratch.resolve("image");

        RestoreRequest request;
        long bytes;
        String cookie = hypervisor.guest(lab.name).cookie().orElseThrow();
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            assertThat(saved.wasRunning()).isTrue();
            assertThat(hypervisor.guest(lab.name).liveXml().orElseThrow()).contains("<backingStore type='file'");
            assertThat(essence(saved.cookie())).isEqualTo(essence(cookie));
            bytes = drain(saved, image);
            request = new RestoreRequest(saved.domainXml(), saved.cookie(), false);
            saved.retire();
        }
        assertThat(bytes).isGreaterThan(FILL_MIB << 20);
        assertProblem(Problem.GUEST_UNKNOWN, () -> hypervisor.guest(lab.name));
        int ticks = lab.ticks();

        try (RestoringGuest restoring = hypervisor.restore(request)) {
            assertThat(restoring.awaitReady()).isTrue();
            try (RestoredGuest restored = feed(restoring, image, bytes).finish()) {
                assertThat(hypervisor.guest(lab.name).state()).isEqualTo(GuestState.PAUSED);
                assertThat(lab.ticks()).isEqualTo(ticks);
                restored.resume();
            }
        }
        lab.awaitTicking();
        assertThat(lab.ask("sum")).isEqualTo(sum);
        assertThat(lab.ask("records")).contains(" ok");
    }

    /** Without what differs in form only, and the helper for slirp, with which no guest travels. */
    private static String essence(String cookie) throws Exception {
        return BoundedXml.text(LibvirtXml.parse(cookie))
                .replaceAll(">\\s+<", "><")
                .replace("<slirpHelper/>", "");
    }

    @Test
    void aRollBackLetsTheGuestContinueAndItCanBeSavedAgain() throws Exception {
        start(true);
        String sum = lab.ask("sum");
        for (int round = 0; round < 2; round++) {
            try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
                drain(saved, scratch.resolve("image"));
                saved.resume();
                saved.resume();
            }
            lab.awaitTicking();
        }
        assertThat(lab.ask("sum")).isEqualTo(sum);
        assertThat(hypervisor.guest(lab.name).persistent()).isTrue();
    }

    @Test
    void givingUpMidwayLetsTheGuestContinue() throws Exception {
        start(false);
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            assertThat(saved.memory().readNBytes(1 << 20)).hasSize(1 << 20);
            assertProblem(Problem.GUEST_BUSY, () -> hypervisor.guest(lab.name).save());
            assertProblem(Problem.HYPERVISOR_FAILED, saved::retire);
        }
        lab.awaitTicking();
    }

    /** QEMU 7.2 may damage the copy, which nobody restores here; what becomes of the guest is the same with any. */
    @Test
    void aGuestThatIsSavedLiveRunsUntilLittleIsLeft() throws Exception {
        start(false);
        Guest guest = hypervisor.guest(lab.name);
        try (SavedGuest saved = guest.saveLive(Duration.ofMillis(300))) {
            lab.awaitTicking();
            assertThat(saved.paused()).isFalse();
            assertThat(drain(saved, scratch.resolve("image"))).isGreaterThan(FILL_MIB << 20);
            saved.pause();
            assertThat(guest.state()).isEqualTo(GuestState.PAUSED);
            assertThat(saved.paused()).isTrue();
            assertThat(saved.interference()).isEmpty();
            saved.resume();
        }
        lab.awaitTicking();
    }

    @Test
    void aGuestThatIsSavedLiveCanBePausedAtAnyMoment() throws Exception {
        start(false);
        Guest guest = hypervisor.guest(lab.name);
        try (SavedGuest saved = guest.saveLive(Duration.ofMillis(1))) {
            assertThat(saved.memory().readNBytes(1 << 20)).hasSize(1 << 20);
            saved.pause();
            assertThat(guest.state()).isEqualTo(GuestState.PAUSED);
            drain(saved, scratch.resolve("image"));
            assertThat(saved.interference()).isEmpty();
            try (var domain = connection().domain(lab.name)) {
                domain.resume();
            }
            assertThat(saved.interference().orElseThrow().kind()).isEqualTo(Interference.Kind.RAN);
        }
        lab.awaitTicking();
    }

    @Test
    void givingUpALiveSaveMidwayLetsTheGuestRunOn() throws Exception {
        start(false);
        Guest guest = hypervisor.guest(lab.name);
        try (SavedGuest saved = guest.saveLive(Duration.ofMillis(300))) {
            assertThat(saved.memory().readNBytes(1 << 20)).hasSize(1 << 20);
            assertProblem(Problem.GUEST_BUSY, guest::save);
        }
        assertThat(guest.state()).isEqualTo(GuestState.RUNNING);
        lab.awaitTicking();
        try (SavedGuest saved = guest.save()) {
            drain(saved, scratch.resolve("image"));
        }
        lab.awaitTicking();
    }

    /** What it says of a guest's disks. */
    record Disks(String live, Map<String, LiveChain> chains, @Nullable String definition) {
        static Disks of(Guest guest) throws VmmigException {
            return new Disks(
                    guest.domainXml(),
                    LiveChain.of(guest.liveXml().orElseThrow()),
                    guest.inventory().definitionXml());
        }
    }

    static Map<String, Path> makeOverlays(Guest guest) throws Exception {
        assertThat(guest.obstacleToOverlays()).isEmpty();
        Map<String, Path> overlays = new LinkedHashMap<>();
        for (var chain : LiveChain.of(guest.liveXml().orElseThrow()).entrySet()) {
            LiveChain.Image top = chain.getValue().images().get(0);
            List<DiskChain.Image> layers =
                    DiskChain.read(top.file(), top.format(), false).layers();
            Path overlay = Path.of(top.file() + ".overlay");
            ImageFiles.makeOverlay(overlay, layers.get(layers.size() - 1));
            overlays.put(chain.getKey(), overlay);
        }
        assertThat(overlays).containsOnlyKeys("vda", "vdb");
        return overlays;
    }

    private static List<Digest> contents(Disks disks) throws Exception {
        List<Digest> contents = new ArrayList<>();
        for (LiveChain chain : disks.chains().values()) {
            contents.add(Digest.of(Files.readAllBytes(chain.images().get(0).file())));
        }
        return contents;
    }

    /** A guest with the files of overlays for its disks. */
    record Overlaid(Guest guest, Disks before, Map<String, Path> overlays) {
        static Overlaid of(Guest guest) throws Exception {
            return new Overlaid(guest, Disks.of(guest), makeOverlays(guest));
        }

        void add() throws VmmigException {
            guest.addOverlays(overlays);
        }

        void merge() throws VmmigException {
            guest.mergeOverlays(overlays, MERGE);
        }
    }

    Overlaid startOnOverlays(boolean persistent) throws Exception {
        start(persistent);
        Overlaid overlaid = Overlaid.of(hypervisor.guest(lab.name));
        overlaid.add();
        lab.awaitRecording();
        return overlaid;
    }

    void requireMerged(Overlaid overlaid) throws Exception {
        assertThat(Disks.of(overlaid.guest())).isEqualTo(overlaid.before());
        assertThat(overlaid.overlays().values()).noneMatch(Files::exists);
        lab.awaitRecording();
        assertThat(lab.ask("records")).containsPattern("records vda \\d+ ok\nrecords vdb \\d+ ok");
        assertThat(lab.complaints()).isEmpty();
    }

    @Test
    void whatIsWrittenToOverlaysIsMergedWhileTheGuestRuns() throws Exception {
        start(true);
        Guest guest = hypervisor.guest(lab.name);
        for (int round = 0; round < 2; round++) {
            Overlaid overlaid = Overlaid.of(guest);
            try (GuestWatch watch = guest.watch()) {
                overlaid.add();
                overlaid.add();
                List<Digest> frozen = contents(overlaid.before());
                lab.awaitRecording();
                assertThat(contents(overlaid.before())).isEqualTo(frozen);
                overlaid.merge();
                overlaid.merge();
                assertThat(watch.observed()).isEmpty();
            }
            requireMerged(overlaid);
        }
    }

    @Test
    void overlaysAreMergedWhileTheGuestIsPaused() throws Exception {
        Overlaid overlaid = startOnOverlays(false);
        try (var domain = connection().domain(lab.name)) {
            domain.suspend();
        }
        overlaid.merge();
        assertThat(overlaid.guest().state()).isEqualTo(GuestState.PAUSED);
        overlaid.guest().resume();
        requireMerged(overlaid);
    }

    @Test
    void overlaysOfASavedGuestAreMergedAfterItIsResumed() throws Exception {
        Overlaid overlaid = startOnOverlays(true);
        try (SavedGuest saved = overlaid.guest().save()) {
            drain(saved, scratch.resolve("image"));
            assertThatThrownBy(overlaid::merge).hasMessageContaining("QEMU released it");
            assertThat(saved.interference()).isEmpty();
            saved.resume();
        }
        overlaid.merge();
        requireMerged(overlaid);
    }

    /** How far somebody came before. */
    private enum Merged {
        NOT_ADDED,
        NOT_BEGUN,
        BEGUN,
        COMMITTED,
        NOT_DELETED
    }

    @ParameterizedTest
    @EnumSource
    void aMergeBeginsWhereAnEarlierOneEnded(Merged earlier) throws Exception {
        start(true);
        Overlaid overlaid = Overlaid.of(hypervisor.guest(lab.name));
        if (earlier != Merged.NOT_ADDED) {
            overlaid.add();
            lab.awaitRecording();
        }
        try (Domain domain = connection().domain(lab.name)) {
            for (String target : overlaid.overlays().keySet()) {
                if (earlier.compareTo(Merged.BEGUN) >= 0) {
                    domain.commitActive(target);
                }
                if (earlier.compareTo(Merged.COMMITTED) >= 0) {
                    Await.until("it is committed", MERGE, () -> domain.liveXml().contains("ready='yes'"));
                }
                if (earlier == Merged.NOT_DELETED) {
                    domain.pivot(target);
                }
            }
        }
        overlaid.merge();
        requireMerged(overlaid);
    }

    @Test
    void aStreamThatIsClosedEarlyEndsTheSaveAndTheGuestContinuesWhenTold() throws Exception {
        start(false);
        Guest guest = hypervisor.guest(lab.name);
        try (SavedGuest saved = guest.save()) {
            saved.memory().close();
            assertThatThrownBy(() -> saved.memory().readAllBytes())
                    .hasCauseInstanceOf(io.vmmig.error.CancelledException.class);
            assertThat(guest.state()).isEqualTo(GuestState.PAUSED);
            saved.resume();
        }
        lab.awaitTicking();
    }

    @Test
    void aPausedGuestStaysPaused() throws Exception {
        start(false);
        try (var domain = connection().domain(lab.name)) {
            domain.suspend();
        }
        Guest guest = hypervisor.guest(lab.name);
        try (SavedGuest saved = guest.save()) {
            assertThat(saved.wasRunning()).isFalse();
            drain(saved, scratch.resolve("image"));
            saved.resume();
        }
        assertThat(guest.state()).isEqualTo(GuestState.PAUSED);
        assertThatThrownBy(guest::save).hasMessageContaining("let it run for a moment first");
        assertThat(guest.state()).isEqualTo(GuestState.PAUSED);
        guest.resume();
        lab.awaitTicking();
        try (SavedGuest saved = guest.save()) {
            drain(saved, scratch.resolve("image"));
        }
        lab.awaitTicking();
    }

    @Test
    void nothingCanBeAskedOfAHypervisorThatWasClosed() throws Exception {
        hypervisor = LibvirtHypervisor.connect(uri(), options());
        hypervisor.close();
        assertProblem(Problem.HYPERVISOR_UNREACHABLE, hypervisor::guests);
    }

    private static final List<RamRegion> RAM =
            List.of(new RamRegion(0, 0xa0000, 0), new RamRegion(1 << 20, (MEMORY_MIB - 1L) << 20, 1 << 20));

    @Test
    void memoryCanBeReadWhileTheGuestRunsAndWhileItIsBeingSaved() throws Exception {
        start(false);
        Guest guest = hypervisor.guest(lab.name);
        GuestMemory shown = ((LibvirtGuest) guest).shownMemory();
        GuestMemory memory = guest.memory(RAM).orElseThrow();
        assertThat(memory).isInstanceOf(QemuProcessMemory.class);
        byte[] bytes = new byte[64 << 20];
        byte[] same = new byte[bytes.length];

        shown.read(1 << 20, bytes, 0, bytes.length);
        memory.read(1 << 20, bytes, 0, bytes.length);
        lab.awaitTicking();
        Path image = scratch.resolve("image");
        try (SavedGuest saved = guest.save()) {
            // Nobody has begun to read the stream: QEMU waits in the middle of it.
            shown.read(16 << 20, bytes, 0, bytes.length);
            memory.read(16 << 20, same, 0, same.length);
            drain(saved, image);
        }
        lab.awaitTicking();

        assertThat(Arrays.equals(bytes, same)).isTrue();
        String stream = Files.readString(image, StandardCharsets.ISO_8859_1);
        assertThat(stream).contains(firstFullPage(bytes));
    }

    private static String firstFullPage(byte[] bytes) {
        for (int at = 0; at < bytes.length; at += 4096) {
            if (bytes[at] != 0 && bytes[at + 4095] != 0) {
                return new String(bytes, at, 4096, StandardCharsets.ISO_8859_1);
            }
        }
        throw new AssertionError("memory is empty");
    }

    @Test
    void theHostSaysWhatItOffers() throws Exception {
        hypervisor = LibvirtHypervisor.connect(uri(), options());
        var capabilities = hypervisor.capabilities();
        assertThat(capabilities.hypervisorVersion()).matches("\\d+\\.\\d+\\.\\d+");
        assertThat(capabilities.libvirtVersion()).matches("\\d+\\.\\d+\\.\\d+");
        assertThat(capabilities.hostName()).isNotEmpty();
        assertThat(capabilities.freeMemoryBytes()).isGreaterThan(1 << 20);
        assertThat(capabilities.emulator("x86_64", "qemu")).hasValueSatisfying(emulator -> {
            assertThat(emulator.machines()).contains("q35");
            assertThat(Path.of(emulator.path())).isExecutable();
        });
    }
}
