// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the frames that the peer has not acknowledged, so that they can be sent again over another connection. It is bounded;
 * writers wait while it is full. Not thread-safe.
 */
final class RetransmitBuffer {
    /** How many bytes may be unacknowledged; one frame may exceed this. */
    static final int CAPACITY = 8 << 20;
    /**
     * The approximate overhead of a frame, so that tiny ones cannot pile up. Even with it, a buffer full of the smallest data
     * frames holds enough bytes to trigger an acknowledgement.
     */
    private static final int FRAME_COST = 32;

    private final Deque<Chunk> sent = new ArrayDeque<>();
    private final Deque<Chunk> unsent = new ArrayDeque<>();
    private final Deque<byte[]> spares = new ArrayDeque<>();
    private long acknowledged;
    private long end;
    private long reached;
    private long held;
    /** Where the current or the next connection begins. */
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

    /** How many bytes the peer has acknowledged. */
    long acknowledged() {
        return acknowledged;
    }

    /** Takes over {@code bytes}, of which the first {@code length} are sent; the caller must not touch them any more. */
    void add(byte[] bytes, int length) {
        unsent.add(new Chunk(bytes, length, end));
        end += length;
        held += bytes.length + FRAME_COST;
    }

    /** The next bytes to send, which count as sent from now on; null if there are none. */
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

    /** Drops all frames: nothing will be sent again. */
    void forgetSent() {
        acknowledged = reached;
        dropAcknowledged();
    }

    /**
     * Handles an acknowledgement.
     *
     * @throws VmmigException when it is impossible
     */
    void acknowledge(long count) throws VmmigException {
        if (count < acknowledged || count > reached) {
            throw WireErrors.violation("it says that it has received " + Long.toUnsignedString(count) + " bytes, after "
                    + acknowledged + " and of " + reached);
        }
        acknowledged = count;
        dropAcknowledged();
    }

    /**
     * Starts another connection: everything after what the peer has is sent again.
     *
     * @return how many of these bytes had been sent before
     * @throws VmmigException when the peer cannot have that much
     */
    long rewind(long count) throws VmmigException {
        acknowledge(count);
        for (Iterator<Chunk> last = sent.descendingIterator(); last.hasNext(); ) {
            unsent.addFirst(last.next());
        }
        sent.clear();
        long again = reached - count;
        // The peer ignores what else the previous connection brought.
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

    /** An array for the next data frame, reused if possible. */
    byte[] spare() {
        byte[] spare = spares.poll();
        return spare == null ? new byte[Frame.DATA_FRAME_BYTES] : spare;
    }
}
