// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that hold what has changed, and leave out kernel and ramdisk. */
@Tag("once")
@Timeout(60)
class PackagesOfChangesTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    private final List<HostState> stores = new ArrayList<>();
    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final byte[] memory = random(40_000, 1);
    private HostState here;
    private HostState there;
    private Path disk;
    private Path kernel;
    private Path ramdisk;

    @BeforeEach
    void startGuest() throws Exception {
        here = store("here");
        there = store("there");
        disk = Files.write(directory.resolve("vda.raw"), random(1_000_000, 2));
        kernel = Files.write(directory.resolve("kernel"), random(2_000_000, 3));
        ramdisk = Files.write(directory.resolve("ramdisk"), random(3_000_000, 4));
        a.start(
                "<domain type='qemu'><name>web-1</name><uuid>" + new UUID(1, 2) + "</uuid>"
                        + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
                        + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type>"
                        + "<kernel>" + kernel + "</kernel><initrd>" + ramdisk + "</initrd></os>"
                        + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
                        + "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='" + disk
                        + "'/><target dev='vda' bus='virtio'/></disk></devices></domain>",
                memory,
                true);
    }

    @AfterEach
    void stopBuilding() throws Exception {
        for (HostState store : stores) {
            store.images().references().close();
        }
    }

    private HostState store(String name) throws Exception {
        HostState store = HostState.open(directory.resolve(name));
        stores.add(store);
        return store;
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static Digest digest(Path file) throws Exception {
        return Digest.of(Files.readAllBytes(file));
    }

    private Path save(String name, HostState state, Path... upon) throws Exception {
        Path file = directory.resolve(name + ".vmmig");
        Migrator.of(a)
                .from("web-1")
                .state(state)
                .to(packageFile(file, upon))
                .start()
                .await(SOON);
        return file;
    }

    private static PackageFile packageFile(Path file, Path... upon) throws Exception {
        PackageFile packageFile = PackageFile.at(file).unsealed();
        for (Path earlier : upon) {
            packageFile = packageFile.upon(earlier);
        }
        return packageFile;
    }

    private void restore(Path file, Path... upon) throws Exception {
        Receiver.of(b)
                .acceptingUnsigned()
                .into(directory.resolve("guests"))
                .state(there)
                .restore(packageFile(file, upon).open())
                .await(SOON);
    }

    private void assertRestored() throws Exception {
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(b.memoryOf("web-1").orElseThrow()).isEqualTo(memory);
        DomainXml domain = DomainXml.parse(b.guest("web-1").domainXml());
        assertThat(Files.mismatch(domain.kernel().orElseThrow(), kernel)).isEqualTo(-1);
        assertThat(Files.mismatch(domain.ramdisk().orElseThrow(), ramdisk)).isEqualTo(-1);
        assertThat(Files.mismatch(domain.disks().get(0).file(), disk)).isEqualTo(-1);
    }

    private void assertNothingIsThere() throws Exception {
        assertThat(b.guests()).isEmpty();
        assertThat(directory.resolve("guests/web-1")).doesNotExist();
    }

    /** A crash after its file is whole must not leave the guest paused, as one that may have been given away. */
    @Test
    void ofACopyIsNeverRecordedThatTheGuestWasGivenAway() throws Exception {
        List<String> notes = Collections.synchronizedList(new ArrayList<>());
        Migrator.of(a)
                .from("web-1")
                .state(here)
                .to(packageFile(directory.resolve("copy.vmmig")))
                .onEvent(event -> {
                    if (event.phase() == Phase.RESUME) {
                        notes.addAll(departures());
                    }
                })
                .start()
                .await(SOON);

        assertThat(notes)
                .isNotEmpty()
                .allSatisfy(note -> assertThat(note).contains("PREPARED").doesNotContain("COMMITTED"));
        assertThat(departures()).isEmpty();
    }

    private List<String> departures() {
        try (Stream<Path> files = Files.list(here.directory().resolve("departures"))) {
            List<String> notes = new ArrayList<>();
            for (Path file : files.toList()) {
                notes.add(Files.readString(file));
            }
            return notes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void kernelAndRamdiskAreInTheFirstOnly() throws Exception {
        Path full = save("full", here);
        Path monday = save("monday", here, full);
        Path tuesday = save("tuesday", here, full, monday);
        assertThat(Files.size(full)).isGreaterThan(6_000_000);
        assertThat(Files.size(monday)).isLessThan(Files.size(full) / 20);
        assertThat(Files.size(tuesday)).isLessThan(Files.size(full) / 20);

        assertThatThrownBy(() -> restore(tuesday))
                .satisfies(e -> assertProblem(e, Problem.REFERENCE_MISSING))
                .hasMessageContaining("the earlier package");
        assertNothingIsThere();
        restore(tuesday, full, monday);
        assertRestored();
    }

    @Test
    void aKernelThatWasRemovedIsAskedForAndTakenFromTheEarlierPackage() throws Exception {
        Path full = save("full", here);
        Path monday = save("monday", here, full);
        there.images().references().addPackage(full);
        there.images().remove(digest(kernel));

        assertThatThrownBy(() -> restore(monday))
                .satisfies(e -> assertProblem(e, Problem.REFERENCE_MISSING))
                .hasMessageContaining("leaves out its kernel (at the source \"" + kernel + "\"), " + digest(kernel))
                .hasMessageContaining("PackageFile.upon");
        assertNothingIsThere();
        restore(monday, full);
        assertRestored();
    }

    @Test
    void aSourceThatDoesNotHoldTheEarlierPackageRefusesUntilItDoes() throws Exception {
        Path full = save("full", here);
        HostState forgetful = store("forgetful");

        assertThatThrownBy(() -> save("other", forgetful, full))
                .satisfies(e -> assertProblem(e, Problem.REFERENCE_MISSING))
                .hasMessageContaining("other.vmmig")
                .hasMessageContaining("addPackage");
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(directory.resolve("other.vmmig")).doesNotExist();
        assertThat(departures()).isEmpty();

        forgetful.images().references().addPackage(full);
        Path other = save("other", forgetful, full);
        assertThat(Files.size(other)).isLessThan(Files.size(full) / 20);
        restore(other, full);
        assertRestored();
    }
}
