// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryProgressTest {
    private static final long MEMORY = 2048L * 4096;

    /** However it is cut: a record that straddles two reads counts once. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4096, 4104, 8192, 65536, 1 << 20})
    void everyPageCountsOnce(int piece) throws IOException {
        byte[] stream = io.vmmig.qemu.SampleMemory.stream(2048);
        AtomicLong moved = new AtomicLong();

        assertThat(read(stream, piece, moved)).isEqualTo(stream);

        assertThat(moved.get()).isBetween(MEMORY, MEMORY + 200);
    }

    @Test
    void ofWhatIsNotUnderstoodTheBytesCount() throws IOException {
        byte[] stream = new byte[100_000];
        AtomicLong moved = new AtomicLong();

        read(stream, 4096, moved);

        assertThat(moved).hasValue(100_000);
    }

    private static byte[] read(byte[] stream, int piece, AtomicLong moved) throws IOException {
        byte[] read = new byte[stream.length + 1];
        int at = 0;
        try (InputStream in = new MemoryProgress(new ByteArrayInputStream(stream), moved::addAndGet)) {
            for (int n = in.read(read, 0, piece); n > 0; n = in.read(read, at, Math.min(piece, read.length - at))) {
                at += n;
            }
        }
        return Arrays.copyOf(read, at);
    }
}
