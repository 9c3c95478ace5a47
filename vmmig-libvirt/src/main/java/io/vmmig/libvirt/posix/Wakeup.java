// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;

/**
 * Lets one thread wait for a descriptor, and any other thread end that wait. A wake-up without a waiting thread ends the next
 * wait.
 */
final class Wakeup implements AutoCloseable {
    private static final short POLLIN = 1;
    private static final short POLLOUT = 4;
    private static final short POLLERR = 8;
    private static final int POLL_ENTRY = 8;

    private final Descriptor event;
    private final Memory polled = new Memory(2 * POLL_ENTRY);
    private final Memory drained = new Memory(Long.BYTES);
    private final Memory one = new Memory(Long.BYTES);
    private boolean closed;

    Wakeup() throws IOException {
        int fd = LibC.eventfd(0, LibC.EFD_NONBLOCK | LibC.EFD_CLOEXEC);
        if (fd < 0) {
            throw LibC.failure("cannot make an eventfd");
        }
        event = new Descriptor(fd);
        one.setLong(0, 1);
    }

    /** Ends the current wait, or the next one. */
    synchronized void signal() {
        if (!closed) {
            try {
                event.write(address(one), Long.BYTES);
            } catch (IOException e) {
                throw new UncheckedIOException("an eventfd cannot fail", e);
            }
        }
    }

    /** Whether the descriptor became readable, or a wake-up came, before the deadline. */
    boolean awaitReadable(Descriptor descriptor, Duration deadline) throws IOException {
        return await(descriptor.number(), POLLIN, deadline);
    }

    /** Whether the descriptor became writable or lost its reader, or a wake-up came, before the deadline. */
    boolean awaitWritable(Descriptor descriptor, Duration deadline) throws IOException {
        return await(descriptor.number(), POLLOUT, deadline);
    }

    /** Whether the descriptor lost its reader before the deadline; a wake-up ends the wait as well. */
    boolean awaitReaderGone(Descriptor descriptor, Duration deadline) throws IOException {
        return await(descriptor.number(), (short) 0, deadline) && (polled.getShort(POLL_ENTRY + 6) & POLLERR) != 0;
    }

    /** Whether a wake-up came before the deadline. */
    boolean awaitSignal(Duration deadline) throws IOException {
        return await(-1, POLLIN, deadline);
    }

    private boolean await(int fd, short events, Duration deadline) throws IOException {
        polled.setInt(0, event.number());
        polled.setShort(4, POLLIN);
        polled.setInt(POLL_ENTRY, fd);
        polled.setShort(POLL_ENTRY + 4, events);
        long end = System.nanoTime() + deadline.toNanos();
        while (true) {
            long left = Math.max(0, (end - System.nanoTime() + 999_999) / 1_000_000);
            polled.setShort(6, (short) 0);
            int ready = LibC.poll(address(polled), 2, (int) Math.min(left, Integer.MAX_VALUE));
            if (ready > 0) {
                if (polled.getShort(6) != 0) {
                    event.read(address(drained), Long.BYTES);
                }
                return true;
            }
            if (ready == 0 && left == 0) {
                return false;
            }
            if (ready < 0 && Native.getLastError() != LibC.EINTR) {
                throw LibC.failure("cannot poll");
            }
        }
    }

    private static long address(Memory memory) {
        return Pointer.nativeValue(memory);
    }

    /** Must not be called while another thread waits. */
    @Override
    public synchronized void close() {
        closed = true;
        event.close();
    }
}
