// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Feeds a reader that opens a FIFO by name, even one that reads the beginning, closes, and reopens it to read everything, as
 * libvirt 11 does. As soon as the FIFO is opened, a new one replaces it under the same name, so that a second reader sees no
 * stale bytes, and gets everything from the start as long as that is still buffered.
 *
 * <p>One thread writes and finishes; {@link #readerDone()} and {@link #close()} can be called from any thread.
 */
public final class FifoFeeder implements AutoCloseable {
    /** The most that Linux gives to a pipe of an ordinary user; it doubles the rate. */
    public static final int PIPE_BYTES = 1 << 20;

    private static final int BATCH_BYTES = 1 << 20;
    private static final Duration GLANCE = Duration.ofMillis(5);

    private final Path fifo;
    private final int replayLimit;
    private final Wakeup wakeup;
    private final Memory buffer;
    private int end;
    private int sent;
    private boolean replayable = true;
    private @Nullable Descriptor writer;
    private volatile boolean readerDone;
    private volatile boolean closed;
    private boolean released;

    /**
     * @param fifo the FIFO, made already
     * @param peekBytes how much a reader may read and still reopen the FIFO for everything
     */
    public FifoFeeder(Path fifo, int peekBytes) throws IOException {
        this.fifo = fifo;
        // Bytes left in the pipe when the reader closes count as written.
        replayLimit = Math.addExact(peekBytes, PIPE_BYTES);
        buffer = new Memory(replayLimit + (long) BATCH_BYTES);
        wakeup = new Wakeup();
    }

    /**
     * Writes bytes for the reader; buffers small pieces.
     *
     * @return false once the reader is gone for good
     * @throws StalledException when the reader read nothing, or nobody opened the FIFO, within {@code stall}
     * @throws ClosedChannelException when the feeder was closed, also by another thread meanwhile
     */
    public synchronized boolean write(byte[] bytes, int offset, int count, Duration stall) throws IOException {
        int done = 0;
        while (done < count) {
            int n = Math.min(count - done, Math.min(BATCH_BYTES - (end - sent), (int) buffer.size() - end));
            buffer.write(end, bytes, offset + done, n);
            end += n;
            done += n;
            if ((end - sent == BATCH_BYTES || end == buffer.size()) && !flush(stall)) {
                return false;
            }
        }
        return true;
    }

    /** Flushes what {@link #write} has buffered; otherwise like that. */
    public synchronized boolean flush(Duration stall) throws IOException {
        while (sent < end) {
            if (writer == null) {
                writer = awaitReader(stall);
                if (writer == null) {
                    return false;
                }
            }
            int n = writer.write(Pointer.nativeValue(buffer) + sent, end - sent);
            if (n > 0) {
                sent += n;
            } else if (n == Descriptor.NO_PEER) {
                letGoOfReader();
                if (!replayable) {
                    return false;
                }
                sent = 0;
            } else {
                // A reader that has enough may keep its end open, as QEMU does, and read no more.
                if (readerDone) {
                    return false;
                }
                if (!wakeup.awaitWritable(writer, stall)) {
                    throw new StalledException("nothing was read for " + stall.toMillis() + " ms");
                }
                throwIfClosed();
            }
        }
        if (sent > replayLimit) {
            replayable = false;
        }
        if (!replayable) {
            sent = 0;
            end = 0;
        }
        return true;
    }

    /**
     * Waits until the reader has read everything.
     *
     * @return whether it has; false when it is gone for good, or has not done so within {@code most}
     */
    public synchronized boolean awaitTaken(Duration most) throws IOException {
        long end = System.nanoTime() + most.toNanos();
        while (flush(most) && writer != null) {
            if (writer.unread() == 0) {
                return true;
            }
            if (System.nanoTime() > end || readerDone) {
                return false;
            }
            // A pipe does not signal when it becomes empty.
            boolean gone = wakeup.awaitReaderGone(writer, GLANCE);
            throwIfClosed();
            if (gone) {
                letGoOfReader();
                if (!replayable) {
                    return false;
                }
                sent = 0;
            }
        }
        return false;
    }

    /** Flushes everything and ends the stream. While the reader may still reopen the FIFO, waits until it does or is done. */
    public synchronized void finish(Duration stall) throws IOException {
        boolean taken = flush(stall);
        letGoOfReader();
        while (taken && replayable) {
            writer = awaitReader(stall);
            if (writer == null) {
                return;
            }
            sent = 0;
            taken = flush(stall);
            letGoOfReader();
        }
    }

    /** Tells the feeder that the reader has ended and will not open the FIFO again. */
    public void readerDone() {
        readerDone = true;
        wakeup.signal();
    }

    /**
     * As {@link #close()}, but with one byte more at the end of what was written. QEMU polls its stream without asking for
     * hang-ups: if the other end closed before the first byte, QEMU would wait for ever.
     */
    public void breakOff() {
        closed = true;
        wakeup.signal();
        synchronized (this) {
            if (writer != null) {
                try {
                    buffer.setByte(0, (byte) 0);
                    writer.write(Pointer.nativeValue(buffer), 1);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        close();
    }

    /** Wakes the writer, and unblocks processes that open the FIFO: a reader sees a stream that ends too early. */
    @Override
    public void close() {
        closed = true;
        wakeup.signal();
        synchronized (this) {
            if (released) {
                return;
            }
            released = true;
            letGoOfReader();
            wakeup.close();
            try {
                Fifo.remove(fifo);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private @Nullable Descriptor awaitReader(Duration stall) throws IOException {
        throwIfClosed();
        if (readerDone) {
            return null;
        }
        Opening opening = new Opening(fifo, wakeup::signal);
        long deadline = System.nanoTime() + stall.toNanos();
        boolean reading = false;
        try {
            while (!opening.isDone()) {
                Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
                if (!wakeup.awaitSignal(left) && !opening.isDone()) {
                    throw new StalledException("nobody opened the FIFO for " + stall.toMillis() + " ms");
                }
                throwIfClosed();
                if (readerDone) {
                    return null;
                }
            }
            Descriptor opened = opening.take();
            Fifo.replace(fifo);
            LibC.fcntl(opened.number(), LibC.F_SETFL, LibC.O_NONBLOCK);
            // Refused if the user's pipes use too much memory; the stream is just slower then.
            LibC.fcntl(opened.number(), LibC.F_SETPIPE_SZ, PIPE_BYTES);
            reading = true;
            return opened;
        } finally {
            if (!reading) {
                opening.cancel();
            }
        }
    }

    private void letGoOfReader() {
        if (writer != null) {
            writer.close();
            writer = null;
        }
    }

    private void throwIfClosed() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }
}
