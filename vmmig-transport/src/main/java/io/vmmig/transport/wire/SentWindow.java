// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * What the peer is not known to have yet: frames as they were made, so that they can be sent again over another connection. It
 * is bounded, and whoever has more to send waits. Not thread-safe.
 */
final class SentWindow {
    /** How much may wait for its acknowledgement; one frame may go beyond. */
    static final int CAPACITY = 8 << 20;
    /**
     * About what a frame costs beside its bytes, so that tiny ones do not pile up either. With it, the smallest data frames that fit
     * in are still enough bytes for an acknowledgement.
     */
    private static final int FRAME_COST = 32;

    private final Deque<Chunk> sent = new ArrayDeque<>();
    private final Deque<Chunk> unsent = new ArrayDeque<>();
    private final Deque<byte[]> spares = new ArrayDeque<>();
    private long acknowledged;
    private long end;
    private long reached;
    private long held;
    /** Where the connection that there is has begun, or is to begin. */
    private long begin;

    private record Chunk(byte[] bytes, int length, long start) {
        long end() {
            return start + length;
        }
    }

    /** Bytes to be sent now. */
    record Part(byte[] bytes, int from, int length) {}

    boolean hasRoom() {
        return held < CAPACITY;
    }

    /** Whether the peer has everything. */
    boolean isEmpty() {
        return sent.isEmpty() && unsent.isEmpty();
    }

    boolean hasUnsent() {
        return !unsent.isEmpty();
    }

    /** How much the peer is known to have. */
    long acknowledged() {
        return acknowledged;
    }

    /** Takes {@code bytes} over, of which the first {@code length} are to be sent; the caller writes to them no more. */
    void add(byte[] bytes, int length) {
        unsent.add(new Chunk(bytes, length, end));
        end += length;
        held += bytes.length + FRAME_COST;
    }

    /** The next bytes to be sent, which count as sent from now on; null if there are none. */
    @Nullable
    Part next() {
        Chunk chunk = unsent.poll();
        if (chunk == null) {
            return null;
        }
        sent.add(chunk);
        int from = (int) Math.max(0, begin - chunk.start);
        reached = Math.max(reached, chunk.end());
        return new Part(chunk.bytes, from, chunk.length - from);
    }

    /** Nothing that was sent will be sent again. */
    void forgetSent() {
        acknowledged = reached;
        dropAcknowledged();
    }

    /**
     * The peer says how much it has.
     *
     * @throws VmmigException when that cannot be
     */
    void acknowledge(long count) throws VmmigException {
        if (count < acknowledged || count > reached) {
            throw Faults.violation("it says that it has received " + Long.toUnsignedString(count) + " bytes, after "
                    + acknowledged + " and of " + reached);
        }
        acknowledged = count;
        dropAcknowledged();
    }

    /**
     * Another connection begins, to a peer that says how much it has: what follows that is to be sent.
     *
     * @return how much of it has been sent before
     * @throws VmmigException when the peer cannot have as much
     */
    long rewind(long count) throws VmmigException {
        acknowledge(count);
        for (Iterator<Chunk> last = sent.descendingIterator(); last.hasNext(); ) {
            unsent.addFirst(last.next());
        }
        sent.clear();
        long again = reached - count;
        // The peer has passed over whatever else the connection before has brought.
        reached = count;
        begin = count;
        return again;
    }

    private void dropAcknowledged() {
        for (Chunk first = sent.peek(); first != null && first.end() <= acknowledged; first = sent.peek()) {
            sent.remove();
            held -= first.bytes.length + FRAME_COST;
            if (first.bytes.length == Frame.DATA_FRAME_BYTES) {
                spares.push(first.bytes);
            }
        }
    }

    /** An array for the next data frame, if possible one that is free again. */
    byte[] spare() {
        byte[] spare = spares.poll();
        return spare == null ? new byte[Frame.DATA_FRAME_BYTES] : spare;
    }
}
