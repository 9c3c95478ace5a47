// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockInput;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A ring buffer between one thread that fills it from a stream and one that reads it. While it is full the filler waits, and so,
 * in the end, does the sender. It allocates memory with the first byte, so that an idle connection costs little.
 */
final class BoundedPipe extends BlockInput {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final int capacity;
    private byte[] ring = new byte[0];
    private int head;
    private int filled;
    private boolean complete;
    /** How many bytes are still to be read before the part ends; -1 if no end is known. */
    private int leftOfPart = -1;

    private @Nullable VmmigException failure;

    /** A pipe that holds at most {@code capacity} bytes. */
    BoundedPipe(int capacity) {
        this.capacity = capacity;
    }

    /**
     * Moves exactly {@code length} bytes from {@code in} into the pipe.
     *
     * @throws IOException what {@code in} throws, {@link EOFException} when it ends early, or as {@link #fail} says
     */
    void fill(InputStream in, int length) throws IOException {
        int left = length;
        while (left > 0) {
            int tail;
            int room;
            lock.lock();
            try {
                if (ring.length == 0) {
                    ring = new byte[capacity];
                }
                while (filled == ring.length && failure == null) {
                    changed.awaitUninterruptibly();
                }
                if (failure != null) {
                    throw new IOException(failure.getMessage(), failure);
                }
                tail = (head + filled) % ring.length;
                room = Math.min(ring.length - filled, ring.length - tail);
            } finally {
                lock.unlock();
            }
            // Outside the lock: only the filler touches the free part, and this read may take long.
            int n = in.read(ring, tail, Math.min(room, left));
            if (n < 0) {
                throw new EOFException("the stream ends in the middle of a frame");
            }
            left -= n;
            lock.lock();
            try {
                filled += n;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Whether the filler has to wait. */
    boolean isFull() {
        lock.lock();
        try {
            return filled == capacity;
        } finally {
            lock.unlock();
        }
    }

    /** Ends a part here: the reader sees an end once it has read what is there, and may continue behind it. One at a time. */
    void endPart() {
        lock.lock();
        try {
            leftOfPart = filled;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the reader has reached the very end. */
    boolean whole() {
        lock.lock();
        try {
            return complete && filled == 0 && leftOfPart < 0;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the stream: the reader ends once it has read what is there. */
    void complete() {
        lock.lock();
        try {
            complete = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Makes both ends fail from now on, with {@code reason} as the cause, even if bytes are left in the pipe. */
    void fail(VmmigException reason) {
        lock.lock();
        try {
            if (failure == null) {
                failure = reason;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        lock.lock();
        try {
            while (filled == 0 && leftOfPart != 0 && !complete && failure == null) {
                changed.await();
            }
            if (failure != null) {
                throw new IOException(failure.getMessage(), failure);
            }
            if (leftOfPart == 0) {
                leftOfPart = -1;
                return -1;
            }
            if (filled == 0) {
                return -1;
            }
            int n = Math.min(Math.min(length, leftOfPart > 0 ? leftOfPart : filled), ring.length - head);
            System.arraycopy(ring, head, target, offset, n);
            head = (head + n) % ring.length;
            filled -= n;
            leftOfPart -= leftOfPart > 0 ? n : 0;
            changed.signalAll();
            return n;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            VmmigException cancelled = WireErrors.interrupted();
            throw new IOException(cancelled.getMessage(), cancelled);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int available() {
        lock.lock();
        try {
            return filled;
        } finally {
            lock.unlock();
        }
    }
}
