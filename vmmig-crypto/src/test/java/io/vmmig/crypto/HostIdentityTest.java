// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Problem;
import io.vmmig.VmmigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
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
        Files.setPosixFilePermissions(temp.resolve("id/identity.pem"), PosixFilePermissions.fromString("rw-r-----"));

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
    void damageIsNamedAndNeverReplaced() throws Exception {
        HostIdentity.in(temp.resolve("id"));
        Path file = temp.resolve("id/identity.pem");
        String damaged = Files.readString(file).replace("BEGIN CERTIFICATE", "BEGIN NOTHING");
        Files.writeString(file, damaged);

        assertThatThrownBy(() -> HostIdentity.in(temp.resolve("id"))).isInstanceOf(VmmigException.class);
        assertThat(file).hasContent(damaged);
    }

    @Test
    void aKeyWithAForeignCertificateIsRefused() throws Exception {
        HostIdentity.in(temp.resolve("a"));
        HostIdentity.in(temp.resolve("b"));
        String a = Files.readString(temp.resolve("a/identity.pem"));
        String b = Files.readString(temp.resolve("b/identity.pem"));
        Files.writeString(
                temp.resolve("a/identity.pem"),
                a.substring(0, a.indexOf("-----BEGIN CERT")) + b.substring(b.indexOf("-----BEGIN CERT")));

        assertThatThrownBy(() -> HostIdentity.in(temp.resolve("a"))).hasMessageContaining("do not belong together");
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
