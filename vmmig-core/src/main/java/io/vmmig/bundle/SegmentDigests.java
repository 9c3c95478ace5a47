// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.ByteCount;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Future;

/** Adds the digests of segments to a {@link ByteCount} in order, although they are computed in parallel. For one thread. */
final class SegmentDigests {
    private record Pending(Future<byte[]> digest, int length) {}

    private final Queue<Pending> pending = new ArrayDeque<>();
    private final ByteCount count;

    SegmentDigests(ByteCount count) {
        this.count = count;
    }

    void add(Future<byte[]> digest, int length) throws Exception {
        pending.add(new Pending(digest, length));
        for (Pending head = pending.peek(); head != null && head.digest().isDone(); head = pending.peek()) {
            addHead();
        }
    }

    /** Waits for outstanding digests. */
    void finish() throws Exception {
        while (!pending.isEmpty()) {
            addHead();
        }
    }

    private void addHead() throws Exception {
        Pending head = pending.remove();
        count.addDigest(CrossThread.get(head.digest()), head.length());
    }
}
