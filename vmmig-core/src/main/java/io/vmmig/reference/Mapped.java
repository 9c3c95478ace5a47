// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A memory-mapped file of any size, little-endian. It is unmapped when it becomes unreachable. Thread-safe. */
final class Mapped {
    private static final int PART_BYTES = 1 << 30;

    private final MappedByteBuffer[] parts;
    private final long bytes;

    private Mapped(MappedByteBuffer[] parts, long bytes) {
        this.parts = parts;
        this.bytes = bytes;
    }

    /** Maps a part of a file. */
    interface Mapping {
        MappedByteBuffer map(long at, long bytes) throws IOException;
    }

    /** Maps a file, which must not be truncated afterwards. */
    static Mapped of(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return of(channel.size(), (at, bytes) -> channel.map(FileChannel.MapMode.READ_ONLY, at, bytes));
        }
    }

    /** Maps that many bytes of a file. */
    static Mapped of(long bytes, Mapping mapping) throws IOException {
        MappedByteBuffer[] parts = new MappedByteBuffer[Math.toIntExact((bytes + PART_BYTES - 1) / PART_BYTES)];
        for (int i = 0; i < parts.length; i++) {
            long at = (long) i * PART_BYTES;
            parts[i] = mapping.map(at, Math.min(PART_BYTES, bytes - at));
            parts[i].order(ByteOrder.LITTLE_ENDIAN);
        }
        return new Mapped(parts, bytes);
    }

    private MappedByteBuffer part(long at) {
        return parts[(int) (at / PART_BYTES)];
    }

    private static int within(long at) {
        return (int) (at & PART_BYTES - 1);
    }

    long bytes() {
        return bytes;
    }

    /** @param at a multiple of 8 */
    long getLong(long at) {
        return part(at).getLong(within(at));
    }

    /** @param at a multiple of 8 */
    void putLong(long at, long value) {
        part(at).putLong(within(at), value);
    }

    /** @param at a multiple of the length of {@code block}, which is a power of two */
    void get(long at, byte[] block) {
        part(at).get(within(at), block);
    }

    /** Writes what was put to the disk. */
    void force() {
        for (MappedByteBuffer part : parts) {
            part.force();
        }
    }
}
