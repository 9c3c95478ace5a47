// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
@Timeout(30)
class SpoolTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path home;

    /** The size and the free space of a disk. */
    private static final class Disk implements Spool.Space {
        private final long total;
        private long usable;

        Disk(long total, long usable) {
            this.total = total;
            this.usable = usable;
        }

        @Override
        public long total(Path directory) {
            return total;
        }

        @Override
        public long usable(Path directory) {
            return usable;
        }
    }

    private static PartIndex index(int number) {
        byte[] content = new byte[] {(byte) number};
        return new PartIndex(Integer.toHexString(number), 1, 8192, List.of(IndexHandOver.digestOf(content)));
    }

    private static Path directoryOf(Spool spool) {
        return Path.of(spool.toString());
    }

    private static Spool begun(Path home, int number) throws Exception {
        Spool spool = Spool.open(home, index(number));
        try (OutputStream out = spool.write(0, false)) {
            out.write(number);
        }
        return spool;
    }

    private static void age(Spool spool, Duration age) throws Exception {
        try (Stream<Path> files = Files.walk(directoryOf(spool))) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(age)));
            }
        }
    }

    @Test
    void whatNobodyContinuesWithIsSweptAway() throws Exception {
        Path notes = Files.writeString(home.resolve("notes.txt"), "a user's", StandardCharsets.US_ASCII);
        Path theirs = Files.createDirectory(home.resolve("x.vmmig-spool"));
        Spool abandoned = begun(home, 1);
        abandoned.close();
        age(abandoned, Duration.ofDays(8));
        Spool recent = begun(home, 2);
        recent.close();
        age(recent, Duration.ofDays(6));
        try (Spool used = begun(home, 3)) {
            age(used, Duration.ofDays(8));
            begun(home, 4).close();

            assertThat(directoryOf(used)).isDirectory();
        }
        assertThat(directoryOf(abandoned)).doesNotExist();
        assertThat(directoryOf(recent).resolve("2.000000")).exists();
        assertThat(notes).exists();
        assertThat(theirs).exists();
    }

    @Test
    void whatIsGoneOnWithIsNotAbandoned() throws Exception {
        Spool old = begun(home, 1);
        old.close();
        age(old, Duration.ofDays(8));
        Spool.open(home, index(1)).close();
        begun(home, 2).close();

        assertThat(directoryOf(old).resolve("1.000000")).exists();
    }

    @Test
    void onlyOneUsesItAtATimeHoweverOftenOthersTry() throws Exception {
        try (Spool spool = begun(home, 1)) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> Spool.open(home, index(1)))
                        .satisfies(e -> assertProblem(e, Problem.FILE_FAILED))
                        .hasMessageContaining("already");
            }
            assertThat(spool.length(0)).isEqualTo(1);
        }
        begun(home, 1).close();
    }

    @Test
    void someOfTheDiskStaysFree() throws Exception {
        PartIndex index = index(1);
        assertThatThrownBy(() -> Spool.open(home, index, new Disk(100 * GIB, GIB)))
                .satisfies(e -> assertProblem(e, Problem.DISK_FULL))
                .hasMessageContaining("1024 MiB stay free");
        assertThatThrownBy(() -> Spool.open(home, index, new Disk(GIB, GIB / 20)))
                .satisfies(e -> assertProblem(e, Problem.DISK_FULL));
        Disk disk = new Disk(100 * GIB, GIB + 1);
        try (Spool spool = Spool.open(home, index, disk)) {
            spool.requireSpaceFor(0);
            disk.usable = GIB;
            assertThatThrownBy(() -> spool.requireSpaceFor(0)).satisfies(e -> assertProblem(e, Problem.DISK_FULL));
            try (OutputStream out = spool.write(0, false)) {
                out.write(1);
            }
            spool.requireSpaceFor(0);
        }
    }

    /** Root gives a directory away; anybody else knows one that is not theirs. */
    @Test
    void aDirectoryOfAnotherUserIsRefusedByName() throws Exception {
        boolean root = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        Path foreign = root ? Files.createDirectory(home.resolve("of-nobody")) : Path.of("/usr");
        if (root) {
            Files.setAttribute(foreign, "unix:uid", 65534);
        }

        assertThatThrownBy(() -> Spool.open(foreign, index(1)))
                .satisfies(e -> assertProblem(e, Problem.FILE_FAILED))
                .hasMessageContaining(foreign + " belongs to the user");
    }
}
