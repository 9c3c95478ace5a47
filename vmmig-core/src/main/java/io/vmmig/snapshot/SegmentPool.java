// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The segments that may be in use at once. A thread that needs another waits until one is returned; this bounds the heap that a package
 * takes. Thread-safe.
 */
public final class SegmentPool implements AutoCloseable {
    private final IntFunction<byte[]> arrays;
    private final int decodedCapacity;
    private final int storedCapacity;
    private final Deque<Segment> idle = new ArrayDeque<>();
    private int unmade;
    private boolean closed;

    /**
     * A pool of at most {@code segments}, each created when it is first needed.
     *
     * @param decodedCapacity the maximum decoded size of one, in bytes
     * @param storedCapacity the maximum stored size of one, in bytes
     */
    public SegmentPool(int segments, int decodedCapacity, int storedCapacity) {
        this(SpareArrays::take, segments, decodedCapacity, storedCapacity);
    }

    /** A pool of segments that are not cleared, for a writer, which reads only what it has written. */
    public static SegmentPool forWriting(int segments, int decodedCapacity, int storedCapacity) {
        return new SegmentPool(SpareArrays::takeAsLeft, segments, decodedCapacity, storedCapacity);
    }

    private SegmentPool(IntFunction<byte[]> arrays, int segments, int decodedCapacity, int storedCapacity) {
        this.arrays = arrays;
        this.unmade = segments;
        this.decodedCapacity = decodedCapacity;
        this.storedCapacity = storedCapacity;
    }

    /** Takes a free segment, and waits for one if necessary; null once the pool is closed. */
    public synchronized @Nullable Segment take() throws InterruptedException {
        while (!closed && idle.isEmpty() && unmade == 0) {
            wait();
        }
        if (closed) {
            return null;
        }
        if (idle.isEmpty()) {
            unmade--;
            return new Segment(arrays.apply(decodedCapacity), arrays.apply(storedCapacity));
        }
        Segment segment = idle.pop();
        segment.clear();
        return segment;
    }

    /** Whether {@link #take()} would wait now. */
    public synchronized boolean exhausted() {
        return idle.isEmpty() && unmade == 0;
    }

    /** Returns a segment. */
    public synchronized void give(Segment segment) {
        if (closed) {
            segment.dissolve();
        } else {
            idle.push(segment);
            notify();
        }
    }

    /** Ends all waits; {@link #take()} returns null from now on. */
    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(Segment::dissolve);
        idle.clear();
        notifyAll();
    }
}
