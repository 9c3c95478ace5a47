// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedFileTest {
    @TempDir
    private Path directory;

    private final byte[] content = new byte[100_000];
    private Path path;

    @BeforeEach
    void write() throws Exception {
        new Random(1).nextBytes(content);
        path = Files.write(directory.resolve("file"), content);
    }

    @Test
    void manyThreadsReadAtOnce() throws Exception {
        try (SharedFile file = SharedFile.open(path)) {
            assertThat(file.bytes()).isEqualTo(content.length);
            long wrong = IntStream.range(0, 8)
                    .parallel()
                    .mapToLong(thread -> new Random(thread)
                            .ints(5000, 0, content.length)
                            .filter(position -> !isSame(file, position))
                            .count())
                    .sum();
            assertThat(wrong).isZero();
        }
    }

    private boolean isSame(SharedFile file, int position) {
        byte[] buffer = new byte[100];
        try {
            int n = file.read(position, buffer, 0, 100);
            return n == Math.min(100, content.length - position)
                    && Arrays.equals(buffer, 0, n, content, position, position + n);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anInterruptedThreadReadsOnAndDisturbsNobody() throws Exception {
        try (SharedFile file = SharedFile.open(path)) {
            Thread.currentThread().interrupt();
            assertThat(isSame(file, 5)).isTrue();
            assertThat(Thread.interrupted()).isTrue();
            assertThat(isSame(file, 7)).isTrue();
        }
    }

    @Test
    void thereIsNothingBehindTheEnd() throws Exception {
        try (SharedFile file = SharedFile.open(path)) {
            assertThat(file.read(content.length, new byte[10], 0, 10)).isZero();
            assertThat(file.read(Long.MAX_VALUE >> 8, new byte[10], 0, 10)).isZero();
        }
    }

    @Test
    void nothingIsReadOnceItIsClosed() throws Exception {
        SharedFile file = SharedFile.open(path);
        file.close();
        assertThatThrownBy(() -> file.read(0, new byte[10], 0, 10))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void onlyRegularFilesAreOpened() {
        assertThatThrownBy(() -> SharedFile.open(directory)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> SharedFile.open(Path.of("/dev/zero"))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> SharedFile.open(directory.resolve("absent"))).isInstanceOf(IOException.class);
    }
}
