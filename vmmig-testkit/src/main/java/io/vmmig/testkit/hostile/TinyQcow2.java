// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A qcow2 image of 1 MiB that stands alone, after QEMU's {@code docs/interop/qcow2.txt}, in clusters of 4 KiB: the header,
 * reference counts (a table and a block), the L1 table, an L2 table, and one cluster of data.
 */
final class TinyQcow2 {
    static final int CLUSTER = 4096;
    static final int VIRTUAL = 1 << 20;
    static final int L1 = 3 * CLUSTER;
    static final int L2 = 4 * CLUSTER;
    static final int DATA = 5 * CLUSTER;
    static final long COPIED = 1L << 63;
    static final long COMPRESSED = 1L << 62;

    private final ByteBuffer image = ByteBuffer.allocate(6 * CLUSTER);

    TinyQcow2() {
        image.putInt(0, 0x514649fb).putInt(4, 3).putInt(20, 12).putLong(24, VIRTUAL);
        image.putInt(36, 1).putLong(40, L1).putLong(48, CLUSTER).putInt(56, 1);
        image.putInt(96, 4).putInt(100, 104);
        image.putLong(CLUSTER, 2 * CLUSTER);
        for (int i = 0; i < 6; i++) {
            image.putShort(2 * CLUSTER + 2 * i, (short) 1);
        }
        image.putLong(L1, COPIED | L2).putLong(L2, COPIED | DATA);
        image.put(DATA, "data".getBytes(StandardCharsets.UTF_8));
    }

    TinyQcow2 with(int offset, int value) {
        image.putInt(offset, value);
        return this;
    }

    TinyQcow2 with(int offset, long value) {
        image.putLong(offset, value);
        return this;
    }

    /** With a header extension in front of all others. */
    TinyQcow2 extension(int type, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        image.putInt(104, type).putInt(108, bytes.length).put(112, bytes);
        return this;
    }

    TinyQcow2 backing(String name, String format) {
        extension(0xe2792aca, format);
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        image.put(512, bytes).putLong(8, 512).putInt(16, bytes.length);
        return this;
    }

    byte[] bytes() {
        return image.array().clone();
    }
}
