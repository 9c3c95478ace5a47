// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The segments that may be under way at once. Whoever wants one more waits until another is given back; this alone bounds
 * the heap that a package costs. Thread-safe.
 */
public final class SegmentPool implements AutoCloseable {
    private final IntFunction<byte[]> arrays;
    private final int decodedCapacity;
    private final int storedCapacity;
    private final Deque<Segment> idle = new ArrayDeque<>();
    private int unmade;
    private boolean closed;

    /**
     * A pool of at most {@code segments}, none of which is made before it is needed.
     *
     * @param decodedCapacity the most bytes that one decodes to
     * @param storedCapacity the most bytes that one is stored in
     */
    public SegmentPool(int segments, int decodedCapacity, int storedCapacity) {
        this(SpareArrays::take, segments, decodedCapacity, storedCapacity);
    }

    /** The same, but there may be anything in its segments: for a writer, who only looks at what he has put there. */
    public static SegmentPool forWriting(int segments, int decodedCapacity, int storedCapacity) {
        return new SegmentPool(SpareArrays::takeAsLeft, segments, decodedCapacity, storedCapacity);
    }

    private SegmentPool(IntFunction<byte[]> arrays, int segments, int decodedCapacity, int storedCapacity) {
        this.arrays = arrays;
        this.unmade = segments;
        this.decodedCapacity = decodedCapacity;
        this.storedCapacity = storedCapacity;
    }

    /** A segment that nobody uses, waiting for one if need be; null once the pool is closed. */
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

    /** Whether one who wants a segment now has to wait. */
    public synchronized boolean exhausted() {
        return idle.isEmpty() && unmade == 0;
    }

    /** Gives a segment back. */
    public synchronized void give(Segment segment) {
        if (closed) {
            segment.dissolve();
        } else {
            idle.push(segment);
            notify();
        }
    }

    /** Lets everybody who waits go, with nothing. */
    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(Segment::dissolve);
        idle.clear();
        notifyAll();
    }
}
