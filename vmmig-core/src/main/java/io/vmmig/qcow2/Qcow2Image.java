// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.error.VmmigException;
import io.vmmig.files.SharedFile;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The content of a qcow2 image without a backing file, as a guest sees it. Its tables are untrusted: positions outside of the file are
 * refused, and memory use is bounded to about 12 MiB for images of any size. Thread-safe.
 *
 * <p>The format is QEMU's, in its {@code docs/interop/qcow2.txt}.
 */
public final class Qcow2Image implements Closeable {
    private static final long OFFSET = 0x00ff_ffff_ffff_fe00L;
    private static final long COMPRESSED = 1L << 62;
    private static final long ZERO = 1;
    private static final int SECTOR = 512;
    private static final int PARTS = 32;

    /** The position of bytes that are not stored literally in the file. */
    private static final long NOWHERE = 0;

    private static final long IN_COMPRESSED = -1;

    private static final int MAX_SLICE_BYTES = 4096;
    private static final int CACHED_SLICES = 1024;
    private static final int CACHED_CLUSTER_BYTES = 8 << 20;
    private static final int MAX_CACHED_CLUSTERS = 64;

    private final SharedFile file;
    private final ImageProblems problems;
    private final long virtualBytes;
    private final int version;
    private final int clusterBits;
    private final int clusterBytes;
    private final long l1Offset;
    private final int entryWords;
    private final ClusterCodec codec;
    private final int sliceBytes;
    private final SliceCache<long[]> l2Slices = new SliceCache<>(CACHED_SLICES);
    private final SliceCache<byte[]> clusters;

    private Qcow2Image(SharedFile file, Qcow2Header header, ImageProblems problems) {
        this.file = file;
        this.problems = problems;
        this.virtualBytes = header.virtualBytes();
        this.version = header.version();
        this.clusterBits = header.clusterBits();
        this.clusterBytes = header.clusterBytes();
        this.l1Offset = header.l1Offset();
        this.entryWords = header.hasExtendedL2() ? 2 : 1;
        this.codec = header.compressesWithZstd() ? ClusterCodec.ZSTD : ClusterCodec.DEFLATE;
        this.sliceBytes = Math.min(clusterBytes, MAX_SLICE_BYTES);
        this.clusters = new SliceCache<>(
                Integer.highestOneBit(Math.min(MAX_CACHED_CLUSTERS, CACHED_CLUSTER_BYTES / clusterBytes)));
    }

    /**
     * Opens an image.
     *
     * @throws VmmigException with {@link io.vmmig.error.Problem#IMAGE_MALFORMED} if it is not a valid qcow2 image, or {@link
     *     io.vmmig.error.Problem#DISK_UNSUPPORTED} if it has a backing file or is of an unknown kind
     * @throws IOException if it cannot be read
     */
    public static Qcow2Image open(Path path) throws IOException, VmmigException {
        String called = "image " + path;
        ImageProblems problems = new ImageProblems(called);
        Qcow2Header header;
        try (InputStream in = Files.newInputStream(path)) {
            header = Qcow2Header.read(in, called);
        }
        if (header.backing() != null) {
            throw problems.unsupported(
                    "has a backing file, so its content is not all its own",
                    "Make one image of both with qemu-img convert.");
        }
        Qcow2Image image = new Qcow2Image(SharedFile.open(path), header, problems);
        try {
            image.requireTables(header.l1Entries());
            return image;
        } catch (IOException | VmmigException e) {
            image.close();
            throw e;
        }
    }

    /** Checks the number of L2 tables: no two share clusters, so the file's size bounds the time to read them all. */
    private void requireTables(long l1Entries) throws IOException, VmmigException {
        long tables = 0;
        byte[] stored = new byte[MAX_SLICE_BYTES];
        for (long index = 0; index < l1Entries; index += stored.length / Long.BYTES) {
            int wanted = (int) Math.min(stored.length, (l1Entries - index) * Long.BYTES);
            if (file.read(l1Offset + index * Long.BYTES, stored, 0, wanted) < wanted) {
                throw problems.malformed("has an L1 table behind its end");
            }
            for (long entry : longs(Arrays.copyOf(stored, wanted))) {
                tables += (entry & OFFSET) == 0 ? 0 : 1;
            }
        }
        if (tables > file.bytes() >>> clusterBits) {
            throw problems.malformed("has more L2 tables than there is room for");
        }
    }

    /** The size that a guest sees, in bytes. */
    public long virtualBytes() {
        return virtualBytes;
    }

    /**
     * Reads what a guest would read; zeros after the end.
     *
     * @throws IOException if reading fails; for a malformed image, its cause is a {@link VmmigException} with {@link
     *     io.vmmig.error.Problem#IMAGE_MALFORMED}
     */
    public void read(long position, byte[] buffer, int offset, int length) throws IOException {
        int here = (int) Math.max(0, Math.min(length, virtualBytes - position));
        int done = 0;
        while (done < here) {
            done += readRun(position + done, buffer, offset + done, here - done);
        }
        Arrays.fill(buffer, offset + here, offset + length, (byte) 0);
    }

    /** Reads up to the end of a cluster or subcluster. */
    private int readRun(long position, byte[] buffer, int offset, int length) throws IOException {
        int within = (int) (position & (clusterBytes - 1));
        long[] slice = l2SliceOf(position);
        int run = Math.min(length, clusterBytes - within);
        if (slice == null) {
            Arrays.fill(buffer, offset, offset + run, (byte) 0);
            return run;
        }
        int at = indexInSlice(position);
        long place = placeOf(slice, at, within);
        if (place == IN_COMPRESSED) {
            System.arraycopy(decompressed(slice[at]), within, buffer, offset, run);
            return run;
        }
        if (entryWords == 2) {
            int part = clusterBytes / PARTS;
            run = Math.min(run, part - within % part);
        }
        int there = place == NOWHERE ? 0 : file.read(place, buffer, offset, run);
        // The last cluster of a file may be incomplete.
        Arrays.fill(buffer, offset + there, offset + run, (byte) 0);
        return run;
    }

    /** The position in the file of the byte at {@code within} its cluster. */
    private long placeOf(long[] slice, int at, int within) throws IOException {
        long entry = slice[at];
        if ((entry & COMPRESSED) != 0) {
            return IN_COMPRESSED;
        }
        long cluster = entry & OFFSET;
        if (entryWords == 2) {
            int part = within / (clusterBytes / PARTS);
            boolean allocated = (slice[at + 1] >>> part & 1) != 0;
            boolean zero = (slice[at + 1] >>> (PARTS + part) & 1) != 0;
            if (allocated && (zero || cluster == 0)) {
                throw malformed("has a part of a cluster that is there and is not");
            }
            return allocated ? within + requireWithin(cluster) : NOWHERE;
        }
        if ((entry & ZERO) != 0) {
            if (version == 2) {
                throw malformed("has a zero cluster, which its version does not know");
            }
            return NOWHERE;
        }
        return cluster == 0 ? NOWHERE : within + requireWithin(cluster);
    }

    private long requireWithin(long cluster) throws IOException {
        if ((cluster & (clusterBytes - 1)) != 0 || cluster >= file.bytes()) {
            throw malformed("has a cluster at an impossible place");
        }
        return cluster;
    }

    /** The slice of the L2 table for {@code position}, or null if there is no such table. */
    private long @Nullable [] l2SliceOf(long position) throws IOException {
        long cluster = position >>> clusterBits;
        long sliceEntries = sliceBytes / (Long.BYTES * entryWords);
        long key = cluster / sliceEntries;
        long[] cached = l2Slices.get(key);
        if (cached != null) {
            return cached.length == 0 ? null : cached;
        }
        long[] slice = readSlice(cluster, sliceEntries);
        l2Slices.put(key, slice);
        return slice.length == 0 ? null : slice;
    }

    private long[] readSlice(long cluster, long sliceEntries) throws IOException {
        long tableEntries = clusterBytes / (Long.BYTES * entryWords);
        long table = l1Entry(cluster / tableEntries) & OFFSET;
        if (table == 0) {
            return new long[0];
        }
        if ((table & (clusterBytes - 1)) != 0) {
            throw malformed("has an L2 table at an impossible place");
        }
        long slice = cluster % tableEntries / sliceEntries;
        byte[] stored = new byte[sliceBytes];
        if (file.read(table + slice * sliceBytes, stored, 0, sliceBytes) < sliceBytes) {
            throw malformed("has an L2 table behind its end");
        }
        return longs(stored);
    }

    private long l1Entry(long index) throws IOException {
        byte[] entry = new byte[Long.BYTES];
        if (file.read(l1Offset + index * Long.BYTES, entry, 0, Long.BYTES) < Long.BYTES) {
            throw malformed("has an L1 table behind its end");
        }
        return ByteBuffer.wrap(entry).getLong();
    }

    private static long[] longs(byte[] bytes) {
        LongBuffer from = ByteBuffer.wrap(bytes).asLongBuffer();
        long[] longs = new long[from.remaining()];
        from.get(longs);
        return longs;
    }

    private int indexInSlice(long position) {
        int sliceEntries = sliceBytes / (Long.BYTES * entryWords);
        return (int) ((position >>> clusterBits) & (sliceEntries - 1)) * entryWords;
    }

    private byte[] decompressed(long entry) throws IOException {
        byte[] cached = clusters.get(entry);
        if (cached != null) {
            return cached;
        }
        int offsetBits = 62 - (clusterBits - 8);
        long offset = entry & ((1L << offsetBits) - 1);
        int sectors = (int) (entry >>> offsetBits & ((1L << (clusterBits - 8)) - 1));
        if (offset < clusterBytes || offset >= file.bytes()) {
            throw malformed("has a compressed cluster at an impossible place");
        }
        byte[] stored = new byte[(sectors + 1) * SECTOR - (int) (offset % SECTOR)];
        int there = file.read(offset, stored, 0, stored.length);
        byte[] cluster = new byte[clusterBytes];
        int length;
        try {
            length = codec.decompress(stored, there, cluster);
        } catch (IOException e) {
            throw malformed("has a compressed cluster that cannot be decompressed: " + e.getMessage());
        }
        if (length < clusterBytes) {
            throw malformed("has a compressed cluster that is too short");
        }
        clusters.put(entry, cluster);
        return cluster;
    }

    /**
     * The first position at or after {@code position} that may hold anything but zeros; the end of the image if there is none.
     *
     * @param position a multiple of the cluster size, or the last result plus what was read since
     * @throws IOException as {@link #read} does
     */
    public long nextData(long position) throws IOException {
        long sliceSpan = (long) sliceBytes / (Long.BYTES * entryWords) << clusterBits;
        long at = position;
        while (at < virtualBytes) {
            long[] slice = l2SliceOf(at);
            if (slice == null) {
                at = nextTable(at);
                continue;
            }
            long end = Math.min(virtualBytes, (at & -sliceSpan) + sliceSpan);
            while (at < end) {
                if (mayHoldData(slice, indexInSlice(at))) {
                    return at;
                }
                at = (at & -clusterBytes) + clusterBytes;
            }
        }
        return virtualBytes;
    }

    private boolean mayHoldData(long[] slice, int at) {
        long entry = slice[at];
        if ((entry & COMPRESSED) != 0) {
            return true;
        }
        return entryWords == 2 ? (int) slice[at + 1] != 0 : (entry & OFFSET) != 0 && (entry & ZERO) == 0;
    }

    /** The first position that the next allocated L2 table maps. */
    private long nextTable(long position) throws IOException {
        long tableSpan = (long) clusterBytes / (Long.BYTES * entryWords) << clusterBits;
        long index = position / tableSpan + 1;
        long entries = (virtualBytes + tableSpan - 1) / tableSpan;
        byte[] stored = new byte[MAX_SLICE_BYTES];
        while (index < entries) {
            int wanted = (int) Math.min(stored.length, (entries - index) * Long.BYTES);
            if (file.read(l1Offset + index * Long.BYTES, stored, 0, wanted) < wanted) {
                throw malformed("has an L1 table behind its end");
            }
            for (int i = 0; i < wanted; i += Long.BYTES, index++) {
                if ((ByteBuffer.wrap(stored).getLong(i) & OFFSET) != 0) {
                    return index * tableSpan;
                }
            }
        }
        return virtualBytes;
    }

    private IOException malformed(String why) {
        VmmigException problem = problems.malformed(why);
        return new IOException(problem.getMessage(), problem);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
