// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Zstd frames by hand (RFC 8878), of blocks that are stored or one repeated byte: right ones, and wrong ones. */
final class ZstdFrames {
    private static final int MAX_BLOCK = 128 << 10;
    private static final byte[] MAGIC = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};

    private ZstdFrames() {}

    /** A frame of those bytes. */
    static byte[] of(byte[] content) {
        return saying(content.length, content);
    }

    /** A frame that says it has so many bytes. */
    static byte[] saying(long size, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(header(size));
        for (int at = 0; at == 0 || at < content.length; at += MAX_BLOCK) {
            int length = Math.min(MAX_BLOCK, content.length - at);
            block(out, 0, length, at + length >= content.length);
            out.write(content, at, length);
        }
        return out.toByteArray();
    }

    /** A frame of zeros that takes a few bytes for each 128 KiB. */
    static byte[] bomb(long says, long holds) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(header(says));
        for (long at = 0; at < holds; at += MAX_BLOCK) {
            int length = (int) Math.min(MAX_BLOCK, holds - at);
            block(out, 1, length, at + length >= holds);
            out.write(0);
        }
        return out.toByteArray();
    }

    /** One segment, with an 8-byte size. */
    private static byte[] header(long size) {
        return ByteBuffer.allocate(13)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .put((byte) 0xe0)
                .putLong(size)
                .array();
    }

    /** A frame that does not say its size, with a window of {@code 2^(10 + exponent)} bytes. */
    static byte[] windowed(int exponent, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(MAGIC);
        out.write(0);
        out.write(exponent << 3);
        block(out, 0, content.length, true);
        out.writeBytes(content);
        return out.toByteArray();
    }

    /** A frame that says its size, with a window of {@code (1 + eighths / 8) * 2^(10 + exponent)} bytes. */
    static byte[] windowed(int exponent, int eighths, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(MAGIC);
        out.write(0xc0);
        out.write(exponent << 3 | eighths);
        out.writeBytes(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(content.length)
                .array());
        block(out, 0, content.length, true);
        out.writeBytes(content);
        return out.toByteArray();
    }

    /** A frame that needs a dictionary. */
    static byte[] withDictionary(byte[] content) {
        return withDictionary(content, 77);
    }

    static byte[] withDictionary(byte[] content, int dictionary) {
        byte[] frame = of(content);
        byte[] out = new byte[frame.length + 1];
        System.arraycopy(frame, 0, out, 0, 5);
        out[4] |= 1;
        out[5] = (byte) dictionary;
        System.arraycopy(frame, 5, out, 6, frame.length - 5);
        return out;
    }

    static byte[] skippable() {
        return new byte[] {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
    }

    private static void block(ByteArrayOutputStream out, int type, int size, boolean last) {
        int header = size << 3 | type << 1 | (last ? 1 : 0);
        out.write(header);
        out.write(header >>> 8);
        out.write(header >>> 16);
    }
}
