// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A memory-mapped file of any size, little-endian. It is unmapped when it becomes unreachable. Thread-safe. */
final class Mapped {
    static final int PART_BYTES = 1 << 30;

    private final ByteBuffer[] parts;
    private final long bytes;

    private Mapped(ByteBuffer[] parts, long bytes) {
        this.parts = parts;
        this.bytes = bytes;
    }

    /** Maps a file, which must not be truncated afterwards. */
    static Mapped of(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long bytes = channel.size();
            ByteBuffer[] parts = new ByteBuffer[partsOf(bytes)];
            for (int i = 0; i < parts.length; i++) {
                long at = (long) i * PART_BYTES;
                parts[i] = channel.map(FileChannel.MapMode.READ_ONLY, at, Math.min(PART_BYTES, bytes - at))
                        .order(ByteOrder.LITTLE_ENDIAN);
            }
            return new Mapped(parts, bytes);
        }
    }

    static int partsOf(long bytes) {
        return Math.toIntExact((bytes + PART_BYTES - 1) / PART_BYTES);
    }

    static int partOf(long at) {
        return (int) (at / PART_BYTES);
    }

    static int within(long at) {
        return (int) (at & PART_BYTES - 1);
    }

    long bytes() {
        return bytes;
    }

    /** @param at a multiple of 8 */
    long getLong(long at) {
        return parts[partOf(at)].getLong(within(at));
    }

    /** @param at a multiple of the length of {@code block}, which is a power of two */
    void get(long at, byte[] block) {
        parts[partOf(at)].get(within(at), block);
    }
}
