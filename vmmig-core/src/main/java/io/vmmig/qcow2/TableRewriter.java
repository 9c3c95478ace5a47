// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Checks all tables of an untrusted qcow2 image, and rebuilds its reference counts. Every entry of the L1 and L2 tables must point to a
 * cluster within the file that nothing else uses, and have no undefined bits. The reference counts in the image are ignored; new ones are
 * written to unused clusters, which also frees leaked clusters. For one image.
 */
final class TableRewriter {
    private static final long OFFSET = 0x00ff_ffff_ffff_fe00L;
    private static final long COPIED = 1L << 63;
    private static final long COMPRESSED = 1L << 62;
    private static final long ZERO = 1;
    private static final int SECTOR = 512;
    private static final int PARTS = 32;
    /** 16-bit reference counts, the only width in version 2. */
    static final int REFCOUNT_ORDER = 4;

    private static final int REFCOUNT_BYTES = 2;

    private final NewFile file;
    private final Qcow2Header header;
    private final ImageProblems problems;
    private final int clusterBits;
    private final int clusterBytes;
    private final long fileBytes;
    private final long tableClusters;
    private final ClusterUse use;

    /** The position of the new reference counts. */
    record Refcounts(long offset, int clusters) {}

    private TableRewriter(NewFile file, Qcow2Header header, ImageProblems problems) throws VmmigException {
        this.file = file;
        this.header = header;
        this.problems = problems;
        this.clusterBits = header.clusterBits();
        this.clusterBytes = header.clusterBytes();
        this.fileBytes = file.bytes();
        long clusters = clustersOf(fileBytes);
        // Room for a table and blocks at the end, in case no cluster before is free.
        long most = clusters + 2;
        for (long before = 0; before != most; ) {
            before = most;
            most = clusters + blocksFor(most) + clustersOf(blocksFor(most) * Long.BYTES);
        }
        this.tableClusters = clustersOf(blocksFor(most) * Long.BYTES);
        if (tableClusters * clusterBytes > Qcow2Header.MAX_REFCOUNT_TABLE_BYTES) {
            throw problems.unsupported("is too large for its small clusters", "Convert it to clusters of 64 KiB.");
        }
        this.use = new ClusterUse(most, problems);
    }

    /**
     * Checks the tables, and writes reference counts.
     *
     * @param file the image, with all clusters but the first written
     * @throws VmmigException with {@link io.vmmig.error.Problem#IMAGE_MALFORMED} if a table is invalid
     */
    static Refcounts rewrite(NewFile file, Qcow2Header header, ImageProblems problems)
            throws IOException, VmmigException {
        TableRewriter rewriter = new TableRewriter(file, header, problems);
        rewriter.check();
        return rewriter.writeRefcounts();
    }

    private long clustersOf(long bytes) {
        return (bytes + clusterBytes - 1) >>> clusterBits;
    }

    private long blocksFor(long clusters) {
        int counts = clusterBytes / REFCOUNT_BYTES;
        return (clusters + counts - 1) / counts;
    }

    private void check() throws IOException, VmmigException {
        use.take(0);
        long l1Bytes = header.l1Entries() * Long.BYTES;
        if (l1Bytes > 0 && header.l1Offset() > fileBytes - l1Bytes) {
            throw problems.malformed("has an L1 table behind its end");
        }
        for (long at = 0; at < l1Bytes; at += clusterBytes) {
            use.take((header.l1Offset() + at) >>> clusterBits);
        }
        ByteBuffer l2 = ByteBuffer.allocate(clusterBytes);
        ByteBuffer l1 = ByteBuffer.allocate((int) Math.min(clusterBytes, l1Bytes));
        for (long done = 0; done < l1Bytes; done += l1.limit()) {
            long at = header.l1Offset() + done;
            file.read(l1.clear().limit((int) Math.min(l1.capacity(), l1Bytes - done)), at);
            boolean changed = false;
            for (int i = 0; i < l1.limit(); i += Long.BYTES) {
                long entry = l1.getLong(i);
                if (entry != 0) {
                    checkL2(l2, table(entry));
                    changed |= (entry & COPIED) == 0;
                    l1.putLong(i, entry | COPIED);
                }
            }
            if (changed) {
                file.write(l1.rewind(), at);
            }
        }
    }

    private long table(long entry) throws VmmigException {
        long offset = entry & OFFSET;
        if ((entry & ~(OFFSET | COPIED)) != 0 || offset == 0 || offset > fileBytes - clusterBytes) {
            throw problems.malformed("has an L2 table at an impossible place");
        }
        take(offset);
        return offset;
    }

    private void take(long offset) throws VmmigException {
        if ((offset & (clusterBytes - 1)) != 0 || offset >= fileBytes) {
            throw problems.malformed("has a cluster at an impossible place");
        }
        use.take(offset >>> clusterBits);
    }

    private void checkL2(ByteBuffer l2, long offset) throws IOException, VmmigException {
        file.read(l2.clear(), offset);
        boolean changed = false;
        int entryBytes = header.hasExtendedL2() ? 2 * Long.BYTES : Long.BYTES;
        for (int i = 0; i < clusterBytes; i += entryBytes) {
            long entry = l2.getLong(i);
            long parts = entryBytes == Long.BYTES ? 0 : l2.getLong(i + Long.BYTES);
            if (entry == 0 && parts == 0) {
                continue;
            }
            if ((entry & COMPRESSED) != 0) {
                checkCompressed(entry, parts);
            } else {
                checkStandard(entry, parts);
                long right = (entry & OFFSET) == 0 ? entry & ~COPIED : entry | COPIED;
                changed |= right != entry;
                l2.putLong(i, right);
            }
        }
        if (changed) {
            file.write(l2.rewind(), offset);
        }
    }

    private void checkStandard(long entry, long parts) throws VmmigException {
        boolean extended = header.hasExtendedL2();
        long known = OFFSET | COPIED | (extended || header.version() == 2 ? 0 : ZERO);
        if ((entry & ~known) != 0) {
            throw problems.malformed("has an L2 entry with bits that mean nothing");
        }
        long offset = entry & OFFSET;
        int allocated = (int) parts;
        int zero = (int) (parts >>> PARTS);
        if ((allocated & zero) != 0 || (allocated != 0 && offset == 0)) {
            throw problems.malformed("has a part of a cluster that is there and is not");
        }
        if (offset != 0) {
            take(offset);
        }
    }

    private void checkCompressed(long entry, long parts) throws VmmigException {
        int offsetBits = 62 - (clusterBits - 8);
        long offset = entry & ((1L << offsetBits) - 1);
        long sectors = entry >>> offsetBits & ((1L << (clusterBits - 8)) - 1);
        long end = (offset & -SECTOR) + (sectors + 1) * SECTOR;
        // The last sector of the last piece may be incomplete.
        if ((entry & COPIED) != 0
                || parts != 0
                || offset < clusterBytes
                || offset >= fileBytes
                || end - SECTOR >= fileBytes) {
            throw problems.malformed("has a compressed cluster at an impossible place");
        }
        for (long cluster = offset >>> clusterBits; cluster <= (end - 1) >>> clusterBits; cluster++) {
            use.share(cluster);
        }
    }

    /** Writes a table and blocks to the first free clusters, so that an image does not grow with each move. */
    private Refcounts writeRefcounts() throws IOException, VmmigException {
        long table = use.takeFree(1, tableClusters);
        int counts = clusterBytes / REFCOUNT_BYTES;
        long[] blocks = new long[(int) (tableClusters * clusterBytes / Long.BYTES)];
        long free = 1;
        for (boolean more = true; more; ) {
            more = false;
            // A new block may lie in a part of the file that itself needs another block.
            for (int block = 0; block < blocks.length; block++) {
                if (blocks[block] == 0 && use.anyUsed((long) block * counts, counts)) {
                    free = use.takeFree(free, 1);
                    blocks[block] = free << clusterBits;
                    more = true;
                }
            }
        }
        ByteBuffer out = ByteBuffer.allocate(clusterBytes);
        for (int block = 0; block < blocks.length; block++) {
            if (blocks[block] != 0) {
                out.clear();
                for (int i = 0; i < counts; i++) {
                    out.putShort((short) use.users((long) block * counts + i));
                }
                file.write(out.flip(), blocks[block]);
            }
        }
        int entries = clusterBytes / Long.BYTES;
        for (int first = 0; first < blocks.length; first += entries) {
            out.clear();
            for (int i = 0; i < entries; i++) {
                out.putLong(blocks[first + i]);
            }
            file.write(out.flip(), (table << clusterBits) + (long) first * Long.BYTES);
        }
        return new Refcounts(table << clusterBits, (int) tableClusters);
    }
}
