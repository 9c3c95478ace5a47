// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeekableHolesTest {
    private static final long LARGE = 20L << 30;
    private static final int BLOCK = 1 << 20;

    @TempDir
    private Path directory;

    private Path file(long bytes, long... blocks) throws IOException {
        Path file = directory.resolve("file");
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.setLength(bytes);
            for (long block : blocks) {
                out.seek(block);
                out.write(new byte[BLOCK]);
            }
        }
        return file;
    }

    @Test
    void tellsWhereThereIsContent() throws Exception {
        try (SeekableHoles holes = SeekableHoles.of(file(LARGE, BLOCK, LARGE / 2))) {
            assertThat(holes.nextContent(0)).isEqualTo(BLOCK);
            assertThat(holes.nextContent(BLOCK + 5)).isEqualTo(BLOCK + 5);
            assertThat(holes.nextHole(BLOCK)).isEqualTo(2 * BLOCK);
            assertThat(holes.nextContent(2 * BLOCK)).isEqualTo(LARGE / 2);
            assertThat(holes.nextHole(LARGE / 2)).isEqualTo(LARGE / 2 + BLOCK);
            assertThat(holes.nextContent(LARGE / 2 + BLOCK)).isEqualTo(Long.MAX_VALUE);
            assertThat(holes.nextContent(LARGE)).isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void anEmptyFileAndOneThatIsFullHaveNoHolesBeforeTheirEnd() throws Exception {
        try (SeekableHoles holes = SeekableHoles.of(file(0))) {
            assertThat(holes.nextContent(0)).isEqualTo(Long.MAX_VALUE);
        }
        try (SeekableHoles holes = SeekableHoles.of(file(BLOCK, 0))) {
            assertThat(holes.nextContent(0)).isZero();
            assertThat(holes.nextHole(0)).isGreaterThanOrEqualTo(BLOCK);
        }
    }

    @Test
    void saysWhatIsMissing() {
        assertThatThrownBy(() -> SeekableHoles.of(directory.resolve("gone")))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("gone");
    }

    @Test
    void isOfNoUseWhenClosed() throws Exception {
        SeekableHoles holes = SeekableHoles.of(Files.createFile(directory.resolve("file")));
        holes.close();
        holes.close();
        assertThatThrownBy(() -> holes.nextContent(0)).isInstanceOf(IOException.class);
    }
}
