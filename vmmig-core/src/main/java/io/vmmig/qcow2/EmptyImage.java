// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A qcow2 image without data: header, reference counts, and an L1 table of zeros. */
final class EmptyImage {
    private static final int VERSION = 3;
    private static final int HEADER_BYTES = 104;
    private static final int CLUSTER_BITS = 16;
    private static final int CLUSTER_BYTES = 1 << CLUSTER_BITS;
    private static final long BYTES_PER_L1_ENTRY = (long) CLUSTER_BYTES / Long.BYTES * CLUSTER_BYTES;
    private static final int TABLE = 1;
    private static final int BLOCK = 2;
    private static final int L1 = 3;

    /** The largest disk that an L1 table of QEMU's largest size can describe. */
    static final long MAX_VIRTUAL_BYTES = (32L << 20) / Long.BYTES * BYTES_PER_L1_ENTRY;

    private EmptyImage() {}

    /** Writes it to an empty file. */
    static void write(NewFile file, long virtualBytes, Qcow2Header.@Nullable Backing backing, String called)
            throws IOException, VmmigException {
        int entries = Math.toIntExact((virtualBytes + BYTES_PER_L1_ENTRY - 1) / BYTES_PER_L1_ENTRY);
        int l1Clusters = (int) (((long) entries * Long.BYTES + CLUSTER_BYTES - 1) / CLUSTER_BYTES);
        ByteBuffer header = ByteBuffer.allocate(CLUSTER_BYTES);
        header.putInt(Qcow2Header.MAGIC)
                .putInt(VERSION)
                .putLong(0)
                .putInt(0)
                .putInt(CLUSTER_BITS)
                .putLong(virtualBytes);
        header.putInt(0).putInt(entries).putLong((long) L1 << CLUSTER_BITS);
        header.putLong((long) TABLE << CLUSTER_BITS).putInt(1).putInt(0).putLong(0);
        header.putLong(0)
                .putLong(0)
                .putLong(0)
                .putInt(TableRewriter.REFCOUNT_ORDER)
                .putInt(HEADER_BYTES);
        Qcow2Header plain = Qcow2Header.read(new ByteArrayInputStream(header.array()), called);
        ByteBuffer counts = ByteBuffer.allocate(CLUSTER_BYTES);
        for (int i = 0; i < L1 + l1Clusters; i++) {
            counts.putShort((short) 1);
        }
        file.write(
                ByteBuffer.allocate(Long.BYTES)
                        .putLong((long) BLOCK << CLUSTER_BITS)
                        .flip(),
                TABLE << CLUSTER_BITS);
        file.write(counts.clear(), BLOCK << CLUSTER_BITS);
        long end = (long) (L1 + Math.max(1, l1Clusters)) << CLUSTER_BITS;
        file.write(ByteBuffer.allocate(1), end - 1);
        file.writeFirst(plain.withBacking(backing));
    }
}
