// SPDX-License-Identifier: Apache-2.0
package io.vmmig.sparse;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.hypervisor.FileHoles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparseFileTest {
    private static final int BYTES = 100_000;

    @TempDir
    private Path directory;

    private final byte[] content = new byte[BYTES];
    private Path file;

    @BeforeEach
    void makeFile() throws Exception {
        new Random(1).nextBytes(content);
        file = Files.write(directory.resolve("file"), content);
    }

    /** Claims these to be holes, and everything else to be content; what the file has there shows whether it was read. */
    private static FileHoles holes(long... fromTo) {
        return path -> new FileHoles.InFile() {
            @Override
            public long nextContent(long from) {
                long at = from;
                for (int i = 0; i < fromTo.length; i += 2) {
                    at = at >= fromTo[i] && at < fromTo[i + 1] ? fromTo[i + 1] : at;
                }
                return at;
            }

            @Override
            public long nextHole(long from) {
                for (int i = 0; i < fromTo.length; i += 2) {
                    if (from < fromTo[i + 1]) {
                        return Math.max(from, fromTo[i]);
                    }
                }
                return Long.MAX_VALUE;
            }

            @Override
            public void close() {}
        };
    }

    private byte[] withZeros(int... fromTo) {
        byte[] expected = content.clone();
        for (int i = 0; i < fromTo.length; i += 2) {
            Arrays.fill(expected, fromTo[i], fromTo[i + 1], (byte) 0);
        }
        return expected;
    }

    @Test
    void holesAreNotRead() throws Exception {
        FileHoles holes = holes(0, 10, 4096, 50_000, 99_990, BYTES);
        try (SparseFile in = SparseFile.open(file, holes)) {
            assertThat(in.readAllBytes()).isEqualTo(withZeros(0, 10, 4096, 50_000, 99_990, BYTES));
        }
        assertThat(SparseFile.contentBytes(file, holes)).isEqualTo(4086 + 49_990);
    }

    @Test
    void holesCanBePassedOver() throws Exception {
        try (SparseFile in = SparseFile.open(file, holes(4096, 50_000, 90_000, BYTES))) {
            assertThat(in.skipZeros(Long.MAX_VALUE)).isZero();
            assertThat(in.readNBytes(4096)).isEqualTo(Arrays.copyOf(content, 4096));
            assertThat(in.skipZeros(904)).isEqualTo(904);
            assertThat(in.readNBytes(45_000)).containsOnly(0);
            assertThat(in.skipZeros(Long.MAX_VALUE)).isZero();
            assertThat(in.readNBytes(40_000)).isEqualTo(Arrays.copyOfRange(content, 50_000, 90_000));
            assertThat(in.skipZeros(Long.MAX_VALUE)).isEqualTo(10_000);
            assertThat(in.skipZeros(Long.MAX_VALUE)).isZero();
            assertThat(in.read()).isNegative();
        }
    }

    @Test
    void withoutHolesAllIsContent() throws Exception {
        try (SparseFile in = SparseFile.open(file, FileHoles.NONE)) {
            assertThat(in.skipZeros(Long.MAX_VALUE)).isZero();
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
        assertThat(SparseFile.contentBytes(file, FileHoles.NONE)).isEqualTo(BYTES);
        Path empty = Files.createFile(directory.resolve("empty"));
        assertThat(SparseFile.contentBytes(empty, FileHoles.NONE)).isZero();
        try (SparseFile in = SparseFile.open(empty, FileHoles.NONE)) {
            assertThat(in.read()).isNegative();
        }
    }

    @Test
    void aFileThatGrowsIsReadOn() throws Exception {
        try (SparseFile in = SparseFile.open(file, holes(50_000, BYTES))) {
            Files.write(file, new byte[] {1, 2, 3}, StandardOpenOption.APPEND);
            byte[] read = in.readAllBytes();
            assertThat(read).hasSize(BYTES + 3).endsWith(1, 2, 3);
        }
    }
}
