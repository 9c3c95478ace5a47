// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.OtherProcess;
import io.vmmig.transport.testing.Packages;
import io.vmmig.transport.testing.Samples;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PackageFileTest {
    @TempDir
    Path temp;

    private Path file;

    @BeforeEach
    void name() {
        file = temp.resolve("web-1.vmmig");
    }

    @Test
    void aPackageIsForItsOwnerOnly() throws Exception {
        write(PackageFile.at(file).unsealed(), 100_000);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(names()).containsExactly("web-1.vmmig");
    }

    @Test
    void untilTheCommitThereIsOnlyAPartThatPeopleRecognise() throws Exception {
        try (PackageUpload upload = PackageFile.at(file).unsealed().put()) {
            assertThat(names()).isEmpty();
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), 100_000);
            upload.finish();

            assertThat(names()).singleElement().asString().matches("\\.web-1\\.vmmig\\.[0-9a-f-]{36}\\.vmmig-part");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(temp.resolve(names().get(0)))))
                    .isEqualTo("rw-------");
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void aFileThatIsThereIsNotTouched() throws Exception {
        Files.writeString(file, "mine");

        assertThatThrownBy(PackageFile.at(file).unsealed()::put)
                .satisfies(e -> assertProblem(e, Problem.FILE_FAILED))
                .hasMessageContaining("exists already");
        assertThat(file).hasContent("mine");
    }

    @Test
    void norIsOneThatComesMeanwhile() throws Exception {
        try (PackageUpload upload = PackageFile.at(file).unsealed().put()) {
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), 100_000);
            upload.finish();
            Files.writeString(file, "mine");

            assertThatThrownBy(() -> upload.publish(HandOverJournal.inMemory()))
                    .satisfies(e -> assertProblem(e, Problem.FILE_FAILED))
                    .hasMessageContaining("exists already");
        }
        assertThat(file).hasContent("mine");
        assertThat(names()).containsExactly("web-1.vmmig");
    }

    @Test
    void aFileIsReplacedOnlyByAWholePackageAndOnlyWhenAsked() throws Exception {
        Files.writeString(file, "old");
        PackageFile replacing = PackageFile.at(file).unsealed().replacing();
        try (PackageUpload upload = replacing.put()) {
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), 100_000);
            upload.finish();
            assertThat(file).hasContent("old");
        }
        assertThat(file).hasContent("old");

        write(replacing, 100_000);

        assertThat(Files.size(file)).isGreaterThan(100_000);
        assertThat(names()).containsExactly("web-1.vmmig");
    }

    @Test
    void placesWhereNoFileCanBe() throws Exception {
        assertThatThrownBy(PackageFile.at(temp.resolve("no/such/directory")).unsealed()::put)
                .satisfies(e -> assertProblem(e, Problem.FILE_FAILED))
                .hasMessageContaining("there is no directory");
        Path directory = Files.createDirectory(temp.resolve("directory"));
        assertThatThrownBy(PackageFile.at(directory).unsealed().replacing()::put)
                .satisfies(e -> assertProblem(e, Problem.FILE_FAILED));
        assertThatThrownBy(() -> PackageFile.at(Path.of("/")))
                .satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
    }

    @Test
    void anAbortFromAnotherThreadStopsTheWriter() throws Exception {
        try (PackageUpload upload = PackageFile.at(file).unsealed().put()) {
            upload.begin(Samples.manifest());
            CountDownLatch written = new CountDownLatch(1);
            Background<Void> writing = Background.run(() -> {
                while (true) {
                    upload.packageStream().write(1);
                    written.countDown();
                }
            });
            written.await();
            upload.abort(Samples.failure(Problem.CANCELLED));
            assertThatThrownBy(writing::get)
                    .isInstanceOf(IOException.class)
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.CANCELLED));
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void anInterruptDoesNotLoseThePackage() throws Exception {
        try (PackageUpload upload = PackageFile.at(file).unsealed().put()) {
            upload.begin(Samples.manifest());
            Thread.currentThread().interrupt();
            upload.packageStream().write(new byte[1 << 20]);
            upload.finish();
            upload.publish(HandOverJournal.inMemory());
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(file).hasSize(1 << 20);
    }

    @Test
    void aDiskThatCannotHoldThePackageIsFoundOutBeforeTheGuestStops() throws Exception {
        try (PackageUpload upload = PackageFile.at(file).unsealed().put()) {
            long free = Files.getFileStore(temp).getUsableSpace();

            assertThatThrownBy(() -> upload.begin(Samples.manifest(1 << 30, Math.min(free, Long.MAX_VALUE / 32) * 16)))
                    .satisfies(e -> assertProblem(e, Problem.DISK_FULL));
        }
        assertThat(names()).isEmpty();
    }

    /** How small it will be is not known. */
    @Test
    void whatIsBasedOnAnEarlierPackageIsNotTakenForTooLarge() throws Exception {
        Digest seal = Digest.of(new byte[0]);
        Manifest manifest = Samples.manifest(1 << 30, Long.MAX_VALUE / 2)
                .withReferences(List.of(new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, seal)));
        try (PackageUpload upload = PackageFile.at(file).unsealed().upon(seal).put()) {
            assertThat(upload.begin(manifest).references()).containsAll(manifest.references());
        }
    }

    @Test
    void theLeastThatIsNeededIsFarBelowTheGuestsSize() {
        assertThat(FileUpload.leastNeeded(Samples.manifest(512L << 20, 64L << 20)))
                .isEqualTo(16L << 20);
    }

    @Test
    void aDiskThatFillsUpIsNamed() throws Exception {
        assertThat(OtherProcess.onTinyDisk(DiskFiller.class, 8)).isEqualTo("DISK_FULL, left: []");
    }

    /** Writes more than there is room for. */
    static final class DiskFiller {
        public static void main(String[] args) throws Exception {
            Path directory = Path.of(args[0]);
            String found = "nothing";
            try (PackageUpload upload =
                    PackageFile.at(directory.resolve("web-1.vmmig")).unsealed().put()) {
                upload.begin(Samples.manifest(64 << 20, 1 << 20));
                byte[] block = new byte[100_000];
                for (int i = 0; i < 200; i++) {
                    upload.packageStream().write(block);
                }
                upload.finish();
                upload.publish(HandOverJournal.inMemory());
            } catch (IOException e) {
                found = e.getCause() instanceof VmmigException known
                        ? known.problem().toString()
                        : e.toString();
            } catch (VmmigException e) {
                found = "too late: " + e.problem();
            }
            System.out.print(found + ", left: " + PackageFileTest.names(directory));
        }
    }

    @Test
    void aProcessThatIsKilledLeavesNothingThatLooksLikeAPackage() throws Exception {
        OtherProcess.run(Killed.class, temp.toString());

        assertThat(names())
                .singleElement()
                .asString()
                .startsWith(".web-1.vmmig.")
                .endsWith(".vmmig-part");
        assertThat(new PackagePart(file, Samples.manifest().packageId()).resolve(null))
                .isEqualTo(Outcome.NOT_TAKEN);
        assertThat(names()).isEmpty();
        write(PackageFile.at(file).unsealed(), 1000);
        assertThat(file).exists();
    }

    /** Dies in the middle. */
    static final class Killed {
        public static void main(String[] args) throws Exception {
            PackageUpload upload = PackageFile.at(Path.of(args[0]).resolve("web-1.vmmig"))
                    .unsealed()
                    .put();
            upload.begin(Samples.manifest());
            upload.packageStream().write(new byte[1 << 20]);
            upload.finish();
            Runtime.getRuntime().halt(0);
        }
    }

    @Test
    void aPackageIsTakenInAndStays() throws Exception {
        write(PackageFile.at(file).unsealed(), 100_000);
        byte[] before = Files.readAllBytes(file);
        try (StoredPackage stored = PackageFile.at(file).unsealed().open()) {
            assertThat(stored.description()).contains(file.toString());
            assertThat(Packages.offer(stored.packageStream())).isEqualTo(Samples.offer());
            assertThat(stored.packageStream().readAllBytes()).isEqualTo(before);
            stored.taken();
        }
        assertThat(file).hasBinaryContent(before);
    }

    @Test
    void whatIsReadIsTheFileThatWasOpened() throws Exception {
        write(PackageFile.at(file).unsealed(), 100_000);
        byte[] before = Files.readAllBytes(file);
        try (StoredPackage stored = PackageFile.at(file).unsealed().open()) {
            Files.delete(file);
            Files.writeString(file, "another");
            assertThat(stored.packageStream().readAllBytes()).isEqualTo(before);
        }
    }

    @Test
    void filesThatAreNoPackages() throws Exception {
        assertThatThrownBy(PackageFile.at(temp.resolve("nothing")).unsealed()::open)
                .satisfies(e -> assertProblem(e, Problem.FILE_FAILED));
        assertThatThrownBy(PackageFile.at(Path.of("/dev/zero"))::open)
                .satisfies(e -> assertProblem(e, Problem.FILE_FAILED));
        Files.writeString(file, "Dear diary, ".repeat(1000));
        try (StoredPackage stored = PackageFile.at(file).unsealed().open()) {
            assertThatThrownBy(() -> Packages.offer(stored.packageStream()))
                    .satisfies(e -> assertProblem(e, Problem.PACKAGE_MALFORMED));
        }
    }

    @Test
    void aSealedFileWhoseFirstLineIsDamagedIsCalledThat() throws Exception {
        HostIdentity identity = HostIdentity.in(temp.resolve("id"));
        write(PackageFile.at(file).sealedFor(identity.keys()), 1000);
        byte[] whole = Files.readAllBytes(file);
        int line = new String(whole, StandardCharsets.ISO_8859_1).indexOf('\n') + 1;
        for (int i = 0; i < line; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 2;
            Files.write(file, damaged);
            assertIsCalledMalformed(PackageFile.at(file).openedBy(identity));
            if (i < "age-encryption.org/".length()) {
                assertIsCalledMalformed(PackageFile.at(file));
            }
        }
        Files.write(file, Arrays.copyOfRange(whole, 3, whole.length));
        assertIsCalledMalformed(PackageFile.at(file).openedBy(identity));
    }

    private static void assertIsCalledMalformed(PackageFile file) throws Exception {
        try (StoredPackage stored = file.open()) {
            assertThatThrownBy(() -> Packages.offer(stored.packageStream()))
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.SEAL_MALFORMED));
        }
    }

    @Test
    void halfAPackageIsFoundOut() throws Exception {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        Packages.write(whole, Samples.offer(), 3 << 20);
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(whole.toByteArray(), 0, whole.size() / 2);
        }
        try (StoredPackage stored = PackageFile.at(file).unsealed().open()) {
            assertThat(Packages.offer(stored.packageStream())).isEqualTo(Samples.offer());
            assertThatThrownBy(() -> Packages.read(stored.packageStream()))
                    .satisfies(e -> assertProblem(e, Problem.PACKAGE_TRUNCATED));
        }
    }

    private static void write(PackageFile to, int diskBytes) throws Exception {
        try (PackageUpload upload = to.put()) {
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), diskBytes);
            upload.finish();
            upload.publish(HandOverJournal.inMemory());
        }
    }

    private List<String> names() throws IOException {
        return names(temp);
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
