// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Reads a FIFO while its writers come and go. The constructor opens the reading end. One thread reads; any thread may call the
 * other methods.
 */
public final class FifoSource implements AutoCloseable {
    private final Descriptor reader;
    private final Wakeup wakeup;

    /** While this is open for writing, a writer that closes the FIFO does not end the stream. */
    private @Nullable Descriptor writerHeld;

    private volatile boolean closed;
    private volatile boolean writersDone;
    private boolean released;

    /** Opens the reading end. */
    public FifoSource(Path fifo) throws IOException {
        wakeup = new Wakeup();
        reader = Descriptor.open(fifo.toString(), LibC.O_RDONLY | LibC.O_NONBLOCK);
        writerHeld = Descriptor.open(fifo.toString(), LibC.O_WRONLY | LibC.O_NONBLOCK);
        // Refused if the user's pipes use too much memory; the stream is just slower then.
        LibC.fcntl(reader.number(), LibC.F_SETPIPE_SZ, FifoFeeder.PIPE_BYTES);
    }

    /**
     * Waits for bytes and reads some.
     *
     * @return how many bytes there are now at {@code offset} of {@code into}, at least 1; or -1 at the end, which comes only
     *     after {@link #writersDone()}
     * @throws StalledException when nothing arrived within {@code stall}
     * @throws ClosedChannelException when the source was closed, also by another thread meanwhile
     */
    public synchronized int read(Memory into, int offset, int count, Duration stall) throws IOException {
        if (offset < 0 || count <= 0 || offset + (long) count > into.size()) {
            throw new IndexOutOfBoundsException();
        }
        while (true) {
            if (closed) {
                throw new ClosedChannelException();
            }
            boolean last = writersDone;
            if (last) {
                releaseWriter();
            }
            int n = reader.read(Pointer.nativeValue(into) + offset, count);
            if (n > 0) {
                return n;
            }
            if (last && n == Descriptor.NO_PEER) {
                return -1;
            }
            if (!wakeup.awaitReadable(reader, stall)) {
                throw new StalledException("nothing was written for " + stall.toMillis() + " ms");
            }
        }
    }

    /** Tells the source that all writers have ended: there will be no more bytes. */
    public void writersDone() {
        writersDone = true;
        wakeup.signal();
    }

    /** Wakes the reader and closes the FIFO. Writers fail from here on. */
    @Override
    public void close() {
        closed = true;
        wakeup.signal();
        synchronized (this) {
            if (!released) {
                released = true;
                releaseWriter();
                reader.close();
                wakeup.close();
            }
        }
    }

    private void releaseWriter() {
        if (writerHeld != null) {
            writerHeld.close();
            writerHeld = null;
        }
    }
}
