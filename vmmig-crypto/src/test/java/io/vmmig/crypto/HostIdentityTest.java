// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostIdentityTest {
    @TempDir
    Path temp;

    @Test
    void isMadeOnceAndThenLoaded() throws Exception {
        Path directory = temp.resolve("a/b");

        HostIdentity made = HostIdentity.in(directory);
        HostIdentity loaded = HostIdentity.in(directory);

        assertThat(loaded.fingerprint()).isEqualTo(made.fingerprint());
        assertThat(loaded.certificate()).isEqualTo(made.certificate());
    }

    @Test
    void twoDirectoriesAreTwoHosts() throws Exception {
        assertThat(HostIdentity.in(temp.resolve("a")).fingerprint())
                .isNotEqualTo(HostIdentity.in(temp.resolve("b")).fingerprint());
    }

    @Test
    void nobodyElseCanReadIt() throws Exception {
        Path directory = temp.resolve("id");
        HostIdentity.in(directory);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
        assertThat(files(directory)).singleElement().satisfies(file -> assertThat(
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------"));
    }

    @Test
    void isNotUsedOnceOthersCouldReadIt() throws Exception {
        HostIdentity.in(temp.resolve("id"));
        Files.setPosixFilePermissions(temp.resolve("id/identity"), PosixFilePermissions.fromString("rw-r-----"));

        assertThatThrownBy(() -> HostIdentity.in(temp.resolve("id")))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.FILE_FAILED))
                .hasMessageContaining("other users");
    }

    @Test
    void isNotKeptWhereOthersCanWrite() throws Exception {
        Path directory = Files.createDirectory(temp.resolve("open"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThatThrownBy(() -> HostIdentity.in(directory)).hasMessageContaining("can be written by other users");
    }

    @Test
    void whatBelongsToAnotherUserIsRefusedByName() throws Exception {
        HostIdentity.in(temp.resolve("id"));
        for (Path foreign : foreign()) {
            Path directory = foreign.endsWith("identity") ? temp.resolve("id") : foreign;

            assertThatThrownBy(() -> HostIdentity.in(directory))
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.FILE_FAILED))
                    .hasMessageContaining(foreign + " belongs to the user");
            if (!foreign.endsWith("identity")) {
                assertThatThrownBy(() -> NodeStore.in(directory))
                        .isInstanceOf(VmmigException.class)
                        .hasMessageContaining(foreign + " belongs to the user");
            }
        }
    }

    /** Root gives away what it has; anybody else knows a directory that is not theirs. */
    private List<Path> foreign() throws Exception {
        if (!Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)) {
            return List.of(Path.of("/usr"));
        }
        List<Path> foreign = List.of(temp.resolve("id/identity"), Files.createDirectory(temp.resolve("of-nobody")));
        for (Path path : foreign) {
            Files.setAttribute(path, "unix:uid", 65534);
        }
        return foreign;
    }

    @Test
    void damageIsNamedAndNeverReplaced() throws Exception {
        HostIdentity.in(temp.resolve("id"));
        Path file = temp.resolve("id/identity");
        String damaged = Files.readString(file).replace("certificate: ", "certificate; ");
        Files.writeString(file, damaged);

        assertThatThrownBy(() -> HostIdentity.in(temp.resolve("id"))).isInstanceOf(VmmigException.class);
        assertThat(file).hasContent(damaged);
    }

    @Test
    void aKeyWithAForeignCertificateIsRefused() throws Exception {
        HostIdentity.in(temp.resolve("a"));
        HostIdentity.in(temp.resolve("b"));
        List<String> a = Files.readAllLines(temp.resolve("a/identity"));
        List<String> b = Files.readAllLines(temp.resolve("b/identity"));
        for (int line = 1; line < a.size(); line++) {
            List<String> mixed = new ArrayList<>(a);
            mixed.set(line, b.get(line));
            Files.write(temp.resolve("a/identity"), mixed);

            assertThatThrownBy(() -> HostIdentity.in(temp.resolve("a"))).hasMessageContaining("do not belong together");
        }
    }

    @Test
    void theFingerprintIsOfAllThreeKeys() throws Exception {
        HostIdentity a = HostIdentity.in(temp.resolve("a"));
        HostIdentity b = HostIdentity.in(temp.resolve("b"));
        NodeKeys keys = a.keys();

        assertThat(new NodeKeys(keys.signing(), keys.sealing(), keys.tls()).fingerprint())
                .isEqualTo(a.fingerprint());
        assertThat(Stream.of(
                                new NodeKeys(b.keys().signing(), keys.sealing(), keys.tls()),
                                new NodeKeys(keys.signing(), b.keys().sealing(), keys.tls()),
                                new NodeKeys(
                                        keys.signing(), keys.sealing(), b.keys().tls()))
                        .map(NodeKeys::fingerprint))
                .doesNotContain(a.fingerprint(), b.fingerprint())
                .doesNotHaveDuplicates();
    }

    @Test
    void theCertificateShowsAllThreeKeys() throws Exception {
        HostIdentity identity = HostIdentity.in(temp.resolve("id"));

        assertThat(NodeKeys.of(identity.certificate())).isEqualTo(identity.keys());
        assertThat(NodeKeys.of(identity.certificate()).sealing())
                .isEqualTo(identity.sealingIdentities().get(0).recipient());
    }

    @Test
    void anIdentityOfAnEarlierVmmigIsNamed() throws Exception {
        Path directory = OwnerOnlyDirectory.at(temp.resolve("id")).path();
        Files.writeString(directory.resolve("identity.pem"), "-----BEGIN PRIVATE KEY-----");

        assertThatThrownBy(() -> HostIdentity.in(directory))
                .hasMessageContaining("identity.pem is of an earlier vmmig")
                .hasMessageContaining("move it away");
        assertThat(files(directory)).hasSize(1);
    }

    @Test
    void cutsAreRefused() throws Exception {
        HostIdentity.in(temp.resolve("id"));
        HostIdentity.rotate(temp.resolve("id"));
        Path file = temp.resolve("id/identity");
        byte[] whole = Files.readAllBytes(file);
        // Behind a whole line of the past nothing is missing but the past.
        for (int length = 0; length < whole.length; length += 5) {
            if (length == 0 || whole[length - 1] != '\n') {
                Files.write(file, Arrays.copyOf(whole, length));
                assertThatThrownBy(() -> HostIdentity.in(temp.resolve("id")))
                        .as("cut at %d", length)
                        .isInstanceOf(VmmigException.class);
            }
        }
    }

    @Test
    void aPassphraseKeepsItFromThoseWhoDoNotKnowIt() throws Exception {
        Path directory = temp.resolve("id");
        HostIdentity made = HostIdentity.in(directory, "long and winding".toCharArray());
        byte[] file = Files.readAllBytes(directory.resolve("identity"));

        assertThat(new String(file, StandardCharsets.ISO_8859_1))
                .startsWith("age-encryption.org/v1\n-> scrypt ")
                .doesNotContain("signing");
        assertThat(HostIdentity.in(directory, "long and winding".toCharArray()).fingerprint())
                .isEqualTo(made.fingerprint());
        assertThatThrownBy(() -> HostIdentity.in(directory, "wrong".toCharArray()))
                .hasMessageContaining("passphrase is wrong");
        assertThatThrownBy(() -> HostIdentity.in(directory)).hasMessageContaining("is under a passphrase");
        HostIdentity rotated = HostIdentity.rotate(directory, "long and winding".toCharArray());
        assertThat(HostIdentity.in(directory, "long and winding".toCharArray()).fingerprint())
                .isEqualTo(rotated.fingerprint())
                .isNotEqualTo(made.fingerprint());
        assertThat(Files.readAllBytes(directory.resolve("identity"))).isNotEqualTo(file);
    }

    @Test
    void aPassphraseForAFileThatHasNoneIsNotIgnored() throws Exception {
        HostIdentity.in(temp.resolve("id"));

        assertThatThrownBy(() -> HostIdentity.in(temp.resolve("id"), "secret".toCharArray()))
                .hasMessageContaining("is not under a passphrase");
    }

    @Test
    void newKeysReplaceAllAndOldPackagesStillOpen() throws Exception {
        Path directory = temp.resolve("id");
        HostIdentity old = HostIdentity.in(directory);
        byte[] sealed = AgeSealingTest.seal(new byte[] {1, 2, 3}, old.keys().sealing());

        HostIdentity next = HostIdentity.rotate(directory);
        HostIdentity afterThat = HostIdentity.rotate(directory);

        assertThat(next.keys().signing()).isNotEqualTo(old.keys().signing());
        assertThat(next.keys().sealing()).isNotEqualTo(old.keys().sealing());
        assertThat(next.keys().tls()).isNotEqualTo(old.keys().tls());
        HostIdentity loaded = HostIdentity.in(directory);
        assertThat(loaded.fingerprints())
                .containsExactly(afterThat.fingerprint(), next.fingerprint(), old.fingerprint());
        assertThat(AgeSealing.open(new ByteArrayInputStream(sealed), loaded.sealingIdentities())
                        .readAllBytes())
                .containsExactly(1, 2, 3);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("identity"))))
                .isEqualTo("rw-------");
    }

    @Test
    void keysAreRenewedAHundredTimesAndTheirCardIsStillRead() throws Exception {
        HostIdentity identity = HostIdentity.create();
        for (int i = 0; i < 99; i++) {
            identity = identity.successor(LocalDate.MAX);
        }
        OwnerOnlyDirectory directory = OwnerOnlyDirectory.at(temp.resolve("id"));
        directory.publish("identity", new IdentityFile(directory, null).encode(identity));
        identity = HostIdentity.rotate(temp.resolve("id"));

        assertThat(NodeCard.parse(identity.card("a").text()).formerSigners()).hasSize(100);
        assertThat(HostIdentity.in(temp.resolve("id")).fingerprints()).hasSize(101);
        assertThatThrownBy(() -> HostIdentity.rotate(temp.resolve("id"))).hasMessageContaining("100 times");
    }

    @Test
    void keysAreRenewedOneAfterTheOther() throws Exception {
        HostIdentity.in(temp.resolve("id"));
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<HostIdentity>> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            all.add(pool.submit(() -> HostIdentity.rotate(temp.resolve("id"))));
        }
        for (Future<HostIdentity> one : all) {
            one.get();
        }
        pool.shutdown();

        assertThat(HostIdentity.in(temp.resolve("id")).fingerprints()).hasSize(9);
    }

    @Test
    void thereIsNothingToRenewWhereThereIsNothing() {
        assertThatThrownBy(() -> HostIdentity.rotate(temp.resolve("id"))).isInstanceOf(VmmigException.class);
    }

    @Test
    void tellsNothingSecret() throws Exception {
        HostIdentity identity = HostIdentity.in(temp.resolve("id"));

        assertThat(identity).hasToString("HostIdentity[" + identity.fingerprint() + "]");
    }

    @Test
    void manyAtOnceEndWithTheSame() throws Exception {
        int many = 8;
        ExecutorService pool = Executors.newFixedThreadPool(many);
        CountDownLatch start = new CountDownLatch(1);
        List<Future<Fingerprint>> all = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            all.add(pool.submit(() -> {
                start.await();
                return HostIdentity.in(temp.resolve("id")).fingerprint();
            }));
        }
        start.countDown();
        Set<Fingerprint> seen = new HashSet<>();
        for (Future<Fingerprint> one : all) {
            seen.add(one.get());
        }
        pool.shutdown();

        assertThat(seen).hasSize(1);
        assertThat(files(temp.resolve("id"))).hasSize(1);
    }

    @Test
    void twoProcessesAtOnceEndWithTheSame() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Show.class.getName(),
                            temp.resolve("id").toString())
                    .redirectErrorStream(true)
                    .start());
        }
        Set<String> seen = new HashSet<>();
        for (Process process : processes) {
            seen.add(new String(process.getInputStream().readAllBytes()));
            assertThat(process.waitFor()).isZero();
        }

        assertThat(seen)
                .containsExactly(
                        HostIdentity.in(temp.resolve("id")).fingerprint().toString());
    }

    static final class Show {
        public static void main(String[] args) throws VmmigException {
            System.out.print(HostIdentity.in(Path.of(args[0])).fingerprint());
        }
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }
}
