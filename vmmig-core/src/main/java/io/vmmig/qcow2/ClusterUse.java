// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.error.VmmigException;
import io.vmmig.json.Malformed;
import java.util.Arrays;

/**
 * Which clusters of an image file are in use, and by how many users. A cluster belongs to one table or one piece of data; only compressed
 * pieces share clusters, and only with each other. Memory use grows with the clusters in use, up to a limit.
 */
final class ClusterUse {
    private static final long MEMORY_BYTES = 64L << 20;
    private static final int CHUNK_BITS = 15;
    private static final int CHUNK = 1 << CHUNK_BITS;
    private static final int WORDS = CHUNK / Long.SIZE;
    private static final int MAX_SHARERS = 0xffff;

    private static final long[] NONE_USED = {};
    private static final short[] NONE_SHARED = {};

    /** Which clusters are in use, chunk by chunk. */
    private final long[][] used;

    /** How many compressed pieces share each cluster, chunk by chunk. */
    private final short[][] sharers;

    private final long clusters;
    private final ImageProblems problems;
    private long memory;

    /**
     * @param clusters the maximum number of clusters
     */
    ClusterUse(long clusters, ImageProblems problems) throws VmmigException {
        long chunks = (clusters + CHUNK - 1) >>> CHUNK_BITS;
        this.clusters = clusters;
        this.problems = problems;
        grow(chunks * 16);
        this.used = new long[(int) chunks][];
        this.sharers = new short[(int) chunks][];
        Arrays.fill(used, NONE_USED);
        Arrays.fill(sharers, NONE_SHARED);
    }

    /** Bounds the memory that an image's tables can require. */
    private void grow(long bytes) throws VmmigException {
        memory += bytes;
        Malformed.requireWithin("the memory for checking an image in bytes", memory, MEMORY_BYTES);
    }

    /** Takes a cluster for one exclusive user. */
    void take(long cluster) throws VmmigException {
        long[] chunk = chunk(cluster);
        int within = (int) (cluster & (CHUNK - 1));
        long bit = 1L << within;
        if ((chunk[within >>> 6] & bit) != 0) {
            throw problems.malformed("uses a cluster for two things");
        }
        chunk[within >>> 6] |= bit;
    }

    /** Takes a cluster for one more compressed piece. */
    void share(long cluster) throws VmmigException {
        int index = (int) (cluster >>> CHUNK_BITS);
        short[] counts = sharers[index];
        if (counts == NONE_SHARED) {
            grow((long) CHUNK * Short.BYTES);
            counts = new short[CHUNK];
            sharers[index] = counts;
        }
        int within = (int) (cluster & (CHUNK - 1));
        int count = counts[within] & 0xffff;
        if (count == 0) {
            take(cluster);
        } else if (count == MAX_SHARERS) {
            throw problems.malformed("uses a cluster for too many compressed pieces");
        }
        counts[within]++;
    }

    private long[] chunk(long cluster) throws VmmigException {
        int index = (int) (cluster >>> CHUNK_BITS);
        long[] chunk = used[index];
        if (chunk == NONE_USED) {
            grow(WORDS * (long) Long.BYTES);
            chunk = new long[WORDS];
            used[index] = chunk;
        }
        return chunk;
    }

    /** The number of users of a cluster; 0 after the last one. */
    int users(long cluster) {
        if (cluster >= clusters) {
            return 0;
        }
        int index = (int) (cluster >>> CHUNK_BITS);
        int within = (int) (cluster & (CHUNK - 1));
        short[] counts = sharers[index];
        if (counts != NONE_SHARED && counts[within] != 0) {
            return counts[within] & 0xffff;
        }
        long[] chunk = used[index];
        return chunk == NONE_USED ? 0 : (int) (chunk[within >>> 6] >>> within & 1);
    }

    /** Whether any of the clusters from {@code first} on, {@code count} of them, is in use. */
    boolean anyUsed(long first, long count) {
        long end = Math.min(clusters, first + count);
        for (long at = first; at < end; ) {
            long[] chunk = used[(int) (at >>> CHUNK_BITS)];
            if (chunk == NONE_USED) {
                at = (at | (CHUNK - 1)) + 1;
            } else if ((at & 63) == 0 && end - at >= 64) {
                if (chunk[(int) (at & (CHUNK - 1)) >>> 6] != 0) {
                    return true;
                }
                at += 64;
            } else if (users(at) != 0) {
                return true;
            } else {
                at++;
            }
        }
        return false;
    }

    /** Takes the first {@code count} consecutive free clusters at or after {@code from}; returns the first of them. */
    long takeFree(long from, long count) throws VmmigException {
        long start = from;
        long run = 0;
        while (run < count) {
            if (start + run >= clusters) {
                throw new AssertionError("there is room for all tables behind the clusters that are in use");
            }
            if (users(start + run) == 0) {
                run++;
            } else {
                start += run + 1;
                run = 0;
            }
        }
        for (long cluster = start; cluster < start + count; cluster++) {
            take(cluster);
        }
        return start;
    }
}
