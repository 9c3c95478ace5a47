// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class WorkDirectoryTest {
    @TempDir
    Path directory;

    @Test
    void aWorkDirectoryIsPrivateAndGoesWithItsFiles() throws Exception {
        WorkDirectory work = WorkDirectory.in(directory);
        Path inside = work.file("x");
        Files.writeString(inside, "x");
        assertThat(Files.getPosixFilePermissions(inside.getParent()))
                .isEqualTo(java.util.EnumSet.of(
                        PosixFilePermission.OWNER_READ,
                        PosixFilePermission.OWNER_WRITE,
                        PosixFilePermission.OWNER_EXECUTE));
        work.close();
        work.close();
        assertThat(inside.getParent()).doesNotExist();
    }

    @Test
    void whatIsInUseIsNotSwept() throws Exception {
        try (WorkDirectory work = WorkDirectory.in(directory)) {
            Fifo.make(work.file("memory"));

            WorkDirectory.sweep(directory);
            WorkDirectory.sweep(directory);

            assertThat(work.file("memory")).exists();
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatAKilledProcessHasLeftIsSwept() throws Exception {
        Process other = other();
        try {
            // It says so once it has one, with a FIFO in it.
            assertThat(other.inputReader().readLine()).isEqualTo("made");
            WorkDirectory.sweep(directory);
            assertThat(directory).isNotEmptyDirectory();
        } finally {
            other.destroyForcibly();
            assertThat(other.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }

        WorkDirectory.sweep(directory);

        assertThat(directory).isEmptyDirectory();
    }

    private Process other() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Keeper.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Has a work directory until it is killed. */
    static final class Keeper {
        public static void main(String[] args) throws Exception {
            WorkDirectory work = WorkDirectory.in(Path.of(args[0]));
            Fifo.make(work.file("memory"));
            System.out.println("made");
            System.in.read();
        }
    }

    @Test
    void whatMayHoldAGuestIsNotSwept() throws Exception {
        Path image = Files.createFile(left("rwx------").resolve("web-1.save"));

        WorkDirectory.sweep(directory);

        assertThat(image).exists();
    }

    @Test
    void whatOthersCanEnterOrIsALinkIsNotSwept() throws Exception {
        Path open = left("rwxr-xr-x");
        Fifo.make(open.resolve("memory"));
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Fifo.make(elsewhere.resolve("memory"));
        Path link = Files.createSymbolicLink(directory.resolve("vmmig-memory-link"), elsewhere);

        WorkDirectory.sweep(directory);

        assertThat(List.of(open.resolve("memory"), link, elsewhere.resolve("memory")))
                .allMatch(Files::exists);
    }

    @Test
    void manyCanMakeAndSweepAtOnce() throws Exception {
        List<Thread> threads = Stream.generate(() -> new Thread(() -> {
                    try {
                        for (int i = 0; i < 50; i++) {
                            try (WorkDirectory work = WorkDirectory.in(directory)) {
                                Fifo.make(work.file("memory"));
                                WorkDirectory.sweep(directory);
                                assertThat(work.file("memory")).exists();
                            }
                        }
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                }))
                .limit(4)
                .toList();
        List<Throwable> failures = new java.util.concurrent.CopyOnWriteArrayList<>();
        threads.forEach(thread -> thread.setUncaughtExceptionHandler((t, e) -> failures.add(e)));
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(failures).isEmpty();
        assertThat(directory).isEmptyDirectory();
    }

    private Path left(String permissions) throws IOException {
        Path made = Files.createTempDirectory(directory, "vmmig-memory-");
        return Files.setPosixFilePermissions(made, PosixFilePermissions.fromString(permissions));
    }
}
