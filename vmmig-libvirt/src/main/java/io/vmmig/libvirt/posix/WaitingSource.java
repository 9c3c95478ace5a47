// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;

/** What the two sources have in common: waiting, waking and closing between threads. */
abstract class WaitingSource implements ByteSource {
    private final Wakeup wakeup;
    private volatile boolean closed;
    private volatile boolean writersDone;
    private boolean released;

    WaitingSource() throws IOException {
        wakeup = new Wakeup();
    }

    /** As {@link Descriptor#read}; called under the lock. */
    abstract int readNow(long address, int count) throws IOException;

    /** What becomes readable when there is something new; called under the lock. */
    abstract Descriptor awaited();

    /** Called under the lock before the first read that comes after the writers' end. */
    abstract void letGoOfWriters();

    /** Closes the descriptors; called once, under the lock. */
    abstract void release();

    @Override
    public final synchronized int read(Memory into, int offset, int count, Duration stall) throws IOException {
        if (offset < 0 || count <= 0 || offset + (long) count > into.size()) {
            throw new IndexOutOfBoundsException();
        }
        while (true) {
            if (closed) {
                throw new ClosedChannelException();
            }
            boolean last = writersDone;
            if (last) {
                letGoOfWriters();
            }
            int n = readNow(Pointer.nativeValue(into) + offset, count);
            if (n > 0) {
                return n;
            }
            if (last && n == Descriptor.NO_PEER) {
                return -1;
            }
            if (!wakeup.awaitReadable(awaited(), stall)) {
                throw new StalledException("nothing was written for " + stall.toMillis() + " ms");
            }
        }
    }

    @Override
    public final void writersDone() {
        writersDone = true;
        wake();
    }

    @Override
    public final void close() {
        closed = true;
        wake();
        synchronized (this) {
            if (!released) {
                released = true;
                release();
                wakeup.close();
            }
        }
    }

    private void wake() {
        try {
            wakeup.signal();
        } catch (IOException e) {
            throw new UncheckedIOException("an eventfd cannot fail", e);
        }
    }
}
