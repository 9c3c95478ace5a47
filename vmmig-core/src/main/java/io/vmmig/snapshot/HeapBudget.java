// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;

/**
 * How much heap a migration takes at one end, and the resulting limits for a program with a given heap. The figures count the large arrays;
 * {@code HeapIT} checks them on real guests.
 */
public final class HeapBudget {
    private static final long MIB = 1L << 20;
    /** The heap for the rest of the program and its libraries. */
    private static final long SET_ASIDE_BYTES = 32 * MIB;
    /** A segment of a package, decoded and stored. G1 uses whole regions for each of the two arrays. */
    private static final long SEGMENT_BYTES = 10 * MIB;
    /** The window in which equal pages are found. */
    private static final long WINDOW_BYTES = 34 * MIB;
    /** Data in transit in the network. */
    private static final long NETWORK_BYTES = 16 * MIB;
    /** The rest is left for other work of the program. */
    private static final int SEGMENTS_PART = 4;
    /** One is filled while another is encoded and a third is written. */
    private static final int LEAST_SEGMENTS = 3;
    /** More than this many workers encode faster than one thread digests. */
    private static final int MAX_WORKERS = 4;
    /** One migration can wait for its network or hypervisor while the other computes. */
    private static final int LEAST_BY_PROCESSORS = 2;

    /** The smallest heap in which a migration works, at any level, in bytes. */
    public static final long LEAST_HEAP_BYTES =
            SET_ASIDE_BYTES + LEAST_SEGMENTS * SEGMENT_BYTES + WINDOW_BYTES + NETWORK_BYTES;

    /** The {@code -Xmx} for that, in MiB: some collectors reserve a part. */
    private static final long ADVISED_MIB = 128;

    private final long heapBytes;
    private final int processors;

    /** The budget of a program with this heap and this number of processors. */
    HeapBudget(long heapBytes, int processors) {
        this.heapBytes = heapBytes;
        this.processors = processors;
    }

    /** The budget of this program. */
    public static HeapBudget ofThisProgram() {
        Runtime runtime = Runtime.getRuntime();
        return new HeapBudget(runtime.maxMemory(), runtime.availableProcessors());
    }

    /** How many segments of a package are in memory at once: one for each worker, and one for each end. */
    public int segments() {
        long byHeap = heapBytes / SEGMENTS_PART / SEGMENT_BYTES;
        return (int) Math.max(LEAST_SEGMENTS, Math.min(byHeap, Math.min(processors, MAX_WORKERS) + 2));
    }

    /** How much of a guest's memory may be copied to search for its free pages, in bytes. */
    public long searchBytes() {
        return Math.max(0, heapBytes - LEAST_HEAP_BYTES);
    }

    /** How many migrations run at once in each direction, at least one. */
    public int migrations() {
        long each = segments() * SEGMENT_BYTES + WINDOW_BYTES + NETWORK_BYTES + Segments.cachedBytes(heapBytes);
        long byHeap = (heapBytes - SET_ASIDE_BYTES) / (2 * each);
        return (int) Math.max(1, Math.min(byHeap, Math.max(LEAST_BY_PROCESSORS, processors)));
    }

    /**
     * Throws if the heap is too small for a migration.
     *
     * @throws VmmigException with {@link Problem#HEAP_TOO_SMALL}
     */
    public void requireRoomForMigration() throws VmmigException {
        if (heapBytes < LEAST_HEAP_BYTES) {
            throw VmmigException.of(
                    Problem.HEAP_TOO_SMALL,
                    "the Java heap of this program is limited to " + heapBytes / MIB + " MiB, and a migration takes "
                            + LEAST_HEAP_BYTES / MIB + " MiB",
                    "Start it with -Xmx" + ADVISED_MIB + "m or more.");
        }
    }

    /** Converts a failure for the caller of the library: lack of heap becomes {@link Problem#HEAP_TOO_SMALL}. */
    public static VmmigException checked(Throwable failure) {
        if (failure instanceof VmmigException checked) {
            return checked;
        }
        VmmigException exhausted = VmmigException.of(
                Problem.HEAP_TOO_SMALL,
                "the Java heap of this program, limited to "
                        + Runtime.getRuntime().maxMemory() / MIB + " MiB, is exhausted: " + failure.getMessage(),
                "Start it with a larger -Xmx, or run fewer migrations at once.");
        exhausted.addSuppressed(failure);
        return exhausted;
    }
}
