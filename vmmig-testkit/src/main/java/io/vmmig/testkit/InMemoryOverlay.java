// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A small qcow2 overlay on a raw image, as an in-memory guest writes to it: without compression and internal snapshots, and with all its reference
 * counts, of 16 bits, in one block.
 */
final class InMemoryOverlay implements Closeable {
    private static final long OFFSET = 0x00ff_ffff_ffff_fe00L;
    private static final long COPIED = 1L << 63;
    private static final int BACKING_OFFSET = 8;
    private static final int BACKING_SIZE = 16;
    private static final int CLUSTER_BITS = 20;
    private static final int L1_ENTRIES = 36;
    private static final int L1_OFFSET = 40;
    private static final int REFCOUNT_OFFSET = 48;

    private final FileChannel image;
    private final FileChannel raw;
    private final Path below;
    private final int clusterBytes;

    private InMemoryOverlay(FileChannel image) throws IOException {
        this.image = image;
        byte[] name = new byte[(int) number(BACKING_SIZE, Integer.BYTES)];
        read(image, ByteBuffer.wrap(name), number(BACKING_OFFSET, Long.BYTES));
        below = Path.of(new String(name, StandardCharsets.UTF_8));
        clusterBytes = 1 << number(CLUSTER_BITS, Integer.BYTES);
        raw = FileChannel.open(below, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    static InMemoryOverlay open(Path file) throws IOException {
        FileChannel image = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            return new InMemoryOverlay(image);
        } catch (IOException e) {
            image.close();
            throw e;
        }
    }

    /** The raw image that this is based on. */
    Path below() {
        return below;
    }

    static void writeRaw(Path image, long at, byte[] bytes) throws IOException {
        try (FileChannel file = FileChannel.open(image, StandardOpenOption.WRITE)) {
            put(file, ByteBuffer.wrap(bytes), at);
        }
    }

    void write(long at, byte[] bytes) throws IOException {
        int done = 0;
        while (done < bytes.length) {
            int within = (int) ((at + done) % clusterBytes);
            int length = Math.min(bytes.length - done, clusterBytes - within);
            put(image, ByteBuffer.wrap(bytes, done, length), cluster((at + done) / clusterBytes) + within);
            done += length;
        }
    }

    /** Where a cluster of the disk is in the file, after a copy of it was made there, if need be. */
    private long cluster(long index) throws IOException {
        long entriesPerTable = clusterBytes / Long.BYTES;
        long table = entry(number(L1_OFFSET, Long.BYTES) + index / entriesPerTable * Long.BYTES, -1);
        return entry(table + index % entriesPerTable * Long.BYTES, index * clusterBytes);
    }

    /** What an entry of a table refers to: a new cluster if it was empty, with what the raw image has there, unless that is negative. */
    private long entry(long at, long inRaw) throws IOException {
        long known = number(at, Long.BYTES) & OFFSET;
        if (known != 0) {
            return known;
        }
        long place = (image.size() + clusterBytes - 1) / clusterBytes * clusterBytes;
        ByteBuffer content = ByteBuffer.allocate(clusterBytes);
        if (inRaw >= 0) {
            read(raw, content, inRaw);
        }
        put(image, content.clear(), place);
        long counts = number(number(REFCOUNT_OFFSET, Long.BYTES), Long.BYTES);
        put(image, ByteBuffer.allocate(2).putShort(0, (short) 1), counts + place / clusterBytes * 2);
        put(image, ByteBuffer.allocate(Long.BYTES).putLong(0, COPIED | place), at);
        return place;
    }

    /** Writes to the raw image what was written here. */
    void commit() throws IOException {
        long entriesPerTable = clusterBytes / Long.BYTES;
        for (long i = 0; i < number(L1_ENTRIES, Integer.BYTES); i++) {
            long table = number(number(L1_OFFSET, Long.BYTES) + i * Long.BYTES, Long.BYTES) & OFFSET;
            for (long j = 0; table != 0 && j < entriesPerTable; j++) {
                long place = number(table + j * Long.BYTES, Long.BYTES) & OFFSET;
                long position = (i * entriesPerTable + j) * clusterBytes;
                if (place != 0) {
                    ByteBuffer content =
                            ByteBuffer.allocate((int) Math.min(clusterBytes, Math.max(0, raw.size() - position)));
                    read(image, content, place);
                    put(raw, content.clear(), position);
                }
            }
        }
    }

    private long number(long at, int bytes) throws IOException {
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES).position(Long.BYTES - bytes);
        read(image, number, at);
        return number.getLong(0);
    }

    /** Fills the buffer as far as the file goes. */
    private static void read(FileChannel file, ByteBuffer into, long at) throws IOException {
        long from = at;
        int n = 0;
        while (into.hasRemaining() && n >= 0) {
            n = file.read(into, from);
            from += n;
        }
    }

    private static void put(FileChannel file, ByteBuffer bytes, long at) throws IOException {
        long to = at;
        while (bytes.hasRemaining()) {
            to += file.write(bytes, to);
        }
    }

    @Override
    public void close() throws IOException {
        try (image) {
            raw.close();
        }
    }
}
