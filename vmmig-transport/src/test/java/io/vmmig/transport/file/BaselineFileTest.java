// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.crypto.AcceptedSigners;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.PackageSignatures;
import io.vmmig.crypto.SignaturePolicy;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.BaselineReport;
import io.vmmig.report.SourceReport;
import io.vmmig.report.Strategy;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.testkit.RamSnapshot;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.testing.OtherProcess;
import io.vmmig.transport.testing.States;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A baseline is written to a file while its guest runs, and a small package that is based on it is brought later. */
@Tag("once")
@Timeout(120)
class BaselineFileTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int RAM_BYTES = 16 << 20;
    private static final int FILE_BYTES = 400_000;
    private static final UUID GUEST = new UUID(1, 2);

    @TempDir
    private Path directory;

    private final States states = new States();
    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final List<MigrationEvent> events = Collections.synchronizedList(new ArrayList<>());
    private byte[] ram;
    private byte[] saved;
    private Path stick;
    private HostState here;
    private HostState there;
    private HostIdentity ofA;
    private HostIdentity ofB;

    /** Its memory holds its kernel and its CD, neither of which the other host has. */
    @BeforeEach
    void startGuest() throws Exception {
        here = states.open(directory.resolve("here"));
        there = states.open(directory.resolve("there"));
        ofA = HostIdentity.in(directory.resolve("identity-a"));
        ofB = HostIdentity.in(directory.resolve("identity-b"));
        stick = Files.createDirectory(directory.resolve("stick"));
        byte[] kernel = random(3);
        byte[] iso = random(4);
        ram = RamSnapshot.random(RAM_BYTES, 1);
        System.arraycopy(kernel, 0, ram, 4 << 20, FILE_BYTES);
        System.arraycopy(iso, 0, ram, 8 << 20, FILE_BYTES);
        saved = RamSnapshot.stream(RamSnapshot.changed(ram));
        a.start(
                "<domain type='qemu'><name>web-1</name><uuid>" + GUEST + "</uuid>"
                        + "<memory unit='KiB'>" + (RAM_BYTES >> 10) + "</memory><vcpu>1</vcpu>"
                        + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><kernel>"
                        + Files.write(directory.resolve("kernel"), kernel) + "</kernel></os>"
                        + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
                        + "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='"
                        + Files.write(directory.resolve("vda.raw"), random(2))
                        + "'/><target dev='vda' bus='virtio'/></disk>"
                        + "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='"
                        + Files.write(directory.resolve("installer.iso"), iso)
                        + "'/><target dev='sda' bus='sata'/><readonly/></disk></devices></domain>",
                saved,
                true);
        a.showMemory("web-1", RamSnapshot.shown(ram));
    }

    @AfterEach
    void stopBuilding() throws Exception {
        states.close();
    }

    private static byte[] random(long seed) {
        byte[] bytes = new byte[FILE_BYTES];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private Path on(String name) {
        return stick.resolve(name + ".vmmig");
    }

    private PackageFile at(String name) throws Exception {
        return PackageFile.at(on(name)).sealedFor(ofA.keys(), ofB.keys()).openedBy(ofA);
    }

    private Migrator migrator() {
        return Migrator.of(a)
                .from("web-1")
                .state(here)
                .withBaseImages()
                .sendingFreePages()
                .signedBy(PackageSignatures.of(ofA))
                .onEvent(events::add);
    }

    private BaselineReport baseline(PackageFile to) throws Exception {
        return migrator().baseline(to).await(SOON);
    }

    private SourceReport leave(PackageFile to) throws Exception {
        return migrator().to(to).removingTheGuest().start().await(SOON);
    }

    private void restore(PackageFile file) throws Exception {
        Receiver.of(b)
                .into(directory.resolve("guests"))
                .state(there)
                .accepting(PackageSignatures.by(SignaturePolicy.of(
                        ofB, AcceptedSigners.of(Set.of(ofA.keys().signing())))))
                .restore(file.openedBy(ofB).open())
                .await(SOON);
    }

    private void assertRestored() throws Exception {
        assertThat(a.guests()).isEmpty();
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(b.memoryOf("web-1").orElseThrow()).isEqualTo(saved);
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }

    private void assertNeverPaused() throws Exception {
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(events).extracting(MigrationEvent::phase).doesNotContain(Phase.SUSPEND, Phase.RESUME);
        assertThat(files(here.directory(HostState.Part.DEPARTURES))).isEmpty();
        assertThat(files(here.directory(HostState.Part.CLAIMS))).isEmpty();
    }

    @Test
    void whatIsBasedOnABaselineHoldsOnlyWhatHasChanged() throws Exception {
        BaselineReport monday = baseline(at("monday"));
        assertNeverPaused();
        assertThat(files(stick)).containsExactly(on("monday"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(on("monday"))))
                .isEqualTo("rw-------");
        assertThat(monday.summary().packageBytes()).isGreaterThan(RAM_BYTES);
        assertThat(monday.resumedAt()).isNull();
        assertThat(monday.toJson()).contains("\"seal\": \"" + monday.seal() + "\"");
        try (StoredPackage stored = at("monday").open()) {
            PackageReader.Evidence whole = PackageReader.readEvidence(stored.packageStream(), PackageLimits.DEFAULT);
            assertThat(whole.manifest().baseline()).isTrue();
            assertThat(whole.seal()).isEqualTo(monday.seal());
            PackageSignatures.by(SignaturePolicy.of(ofA, AcceptedSigners.of(Set.of())))
                    .verify(whole.manifest().packageId(), whole.contentsDigest(), whole.signatures());
        }

        SourceReport tuesday = leave(at("tuesday").upon(on("monday")));
        // Kernel and CD are in it, and what has changed is little.
        assertThat(tuesday.summary().packageBytes()).isBetween(2L * FILE_BYTES, 3L * FILE_BYTES);
        restore(at("tuesday").upon(on("monday")));
        assertRestored();
    }

    /** The stick is with the other host already, and this one could not read it anyway. */
    @Test
    void aBaselineIsNamedByItsSeal() throws Exception {
        PackageFile forB = PackageFile.at(on("monday")).sealedFor(ofB.keys());
        BaselineReport monday = baseline(forB);
        Path away = Files.move(on("monday"), directory.resolve("monday.vmmig"));
        SourceReport tuesday = leave(at("tuesday").upon(monday.seal()));
        assertThat(tuesday.summary().packageBytes()).isLessThan(3L * FILE_BYTES);
        restore(at("tuesday").upon(away));
        assertRestored();
    }

    @Test
    void aBaselineCanBeBasedOnAnother() throws Exception {
        baseline(at("monday"));
        a.showMemory("web-1", RamSnapshot.shown(RamSnapshot.changed(ram)));
        BaselineReport tuesday = baseline(at("tuesday").upon(on("monday")));
        assertThat(tuesday.summary().packageBytes()).isLessThan(FILE_BYTES);
        leave(at("wednesday").upon(tuesday.seal()));
        restore(at("wednesday").upon(on("monday")).upon(on("tuesday")));
        assertRestored();
    }

    @Test
    void aBaselineAloneIsNotRestored() throws Exception {
        BaselineReport monday = baseline(at("monday"));
        VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> restore(at("monday")));
        assertThat(refusal.problem()).isEqualTo(Problem.REQUEST_INVALID);
        assertThat(refusal)
                .hasMessageContaining("a baseline of guest web-1, from which nothing can be restored")
                .hasMessageContaining("earlier package");

        leave(at("tuesday").upon(monday.seal()));
        VmmigException missing = catchThrowableOfType(VmmigException.class, () -> restore(at("tuesday")));
        assertThat(missing.problem()).isEqualTo(Problem.REFERENCE_MISSING);
        assertThat(missing).hasMessageContaining(monday.seal().toString());
        assertThat(b.guests()).isEmpty();
    }

    @Test
    void aDamagedBaselineIsRefusedAndThePackageCanBeRestoredLater() throws Exception {
        PackageFile monday = PackageFile.at(on("monday")).unsealed();
        BaselineReport report = baseline(monday);
        leave(at("tuesday").upon(report.seal()));
        byte[] whole = Files.readAllBytes(on("monday"));
        byte[] damaged = whole.clone();
        damaged[damaged.length / 2] ^= 1;
        Files.write(on("monday"), damaged);
        VmmigException refusal = catchThrowableOfType(
                VmmigException.class, () -> restore(at("tuesday").upon(on("monday"))));
        assertThat(refusal.problem().family()).isIn(Problem.Family.PACKAGE_FORMAT, Problem.Family.INTEGRITY);
        assertThat(b.guests()).isEmpty();
        assertThat(there.images().references().packages().of(GUEST)).isEmpty();

        Files.write(on("monday"), whole);
        restore(at("tuesday").upon(on("monday")));
        assertRestored();
    }

    @ParameterizedTest
    @ValueSource(strings = {"signer", "cancelled", "taken", "uncached", "unreadable"})
    void aBaselineThatFailsLeavesNothing(String how) throws Exception {
        Migrator migrator = migrator();
        Migration<?>[] running = new Migration<?>[1];
        Problem expected = Problem.CANCELLED;
        switch (how) {
            case "signer" -> {
                expected = Problem.SIGNATURE_MISSING;
                migrator = migrator.signedBy(claim -> {
                    throw VmmigException.of(Problem.SIGNATURE_MISSING, "the key is away", "Bring it.");
                });
            }
            case "cancelled" ->
                a.showMemory("web-1", (address, buffer, offset, length) -> {
                    if (address > RAM_BYTES / 2) {
                        synchronized (running) {
                            running[0].cancel();
                        }
                    }
                    System.arraycopy(ram, (int) address, buffer, offset, length);
                });
            case "taken" -> {
                expected = Problem.FILE_FAILED;
                migrator = migrator.onEvent(event -> {
                    if (event instanceof MigrationEvent.PhaseStarted && event.phase() == Phase.COMMIT) {
                        takeTheName();
                    }
                });
            }
            case "uncached" -> {
                expected = Problem.DISK_FULL;
                here.images().references().packages().quota(1 << 20);
            }
            default -> {
                expected = Problem.DOMAIN_UNSUPPORTED;
                a.showMemory("web-1", null);
            }
        }
        PackageFile file = at("monday");
        synchronized (running) {
            running[0] = migrator.baseline(file);
        }
        VmmigException failure = catchThrowableOfType(VmmigException.class, () -> running[0].await(SOON));
        assertThat(failure.problem()).isEqualTo(expected);
        assertThat(failure.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertNeverPaused();
        if (how.equals("taken")) {
            assertThat(on("monday")).hasContent("mine");
            Files.delete(on("monday"));
        }
        assertThat(files(stick)).isEmpty();
        assertThat(here.images().references().packages().of(GUEST)).isEmpty();
    }

    private void takeTheName() {
        try {
            Files.writeString(on("monday"), "mine");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aFullDiskIsNamed() throws Exception {
        assertThat(OtherProcess.onTinyDisk(DiskFiller.class, 8)).isEqualTo("DISK_FULL, left: []");
    }

    /** Writes a baseline for which there is no room. */
    static final class DiskFiller {
        public static void main(String[] args) throws Exception {
            BaselineFileTest test = new BaselineFileTest();
            test.directory = Path.of(args[0]);
            test.startGuest();
            VmmigException failure = catchThrowableOfType(VmmigException.class, () -> test.baseline(test.at("monday")));
            System.out.print(failure.problem() + ", left: " + files(test.stick));
            test.stopBuilding();
        }
    }

    @Test
    void aPausedGuestIsPackedInstead() throws Exception {
        a.pause("web-1");
        VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> baseline(at("monday")));
        assertThat(refusal.problem()).isEqualTo(Problem.REQUEST_INVALID);
        assertThat(refusal).hasMessageContaining("the guest is paused").hasMessageContaining("Migrator.start");
        assertThat(files(stick)).isEmpty();
    }

    @Test
    void aWarmMigrationIntoAFileIsToldOfBaselines() throws Exception {
        VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> migrator()
                .strategy(Strategy.WARM)
                .to(at("monday"))
                .start()
                .await(SOON));
        assertThat(refusal.problem()).isEqualTo(Problem.REQUEST_INVALID);
        assertThat(refusal)
                .hasMessageContaining("nobody receives a guest that runs")
                .hasMessageContaining("Migrator.baseline");
    }

    @Test
    void aSourceThatDoesNotHaveTheBaselineSaysSo() throws Exception {
        BaselineReport monday = baseline(at("monday"));
        here.images().references().packages().remove(monday.seal());
        VmmigException refusal = catchThrowableOfType(
                VmmigException.class, () -> leave(at("tuesday").upon(monday.seal())));
        assertThat(refusal.problem()).isEqualTo(Problem.REFERENCE_MISSING);
        assertNeverPaused();

        try (StoredPackage stored = at("monday").open();
                InputStream in = stored.packageStream()) {
            Path plain = directory.resolve("plain.vmmig");
            Files.copy(in, plain);
            here.images().references().addPackage(plain);
        }
        assertThat(leave(at("tuesday").upon(monday.seal())).summary().packageBytes())
                .isLessThan(3L * FILE_BYTES);
    }
}
