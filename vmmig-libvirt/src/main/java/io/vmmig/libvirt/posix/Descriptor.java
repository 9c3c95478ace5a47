// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.util.function.LongSupplier;

/**
 * Owns a file descriptor. Not thread-safe: the number may be reused as soon as it is closed, so guard it with a lock if threads
 * share it.
 */
final class Descriptor implements AutoCloseable {
    static final int NOTHING_YET = -1;
    static final int NO_PEER = 0;

    private int fd;

    Descriptor(int fd) {
        this.fd = fd;
    }

    static Descriptor open(String path, int flags) throws IOException {
        long fd = uninterrupted(() -> LibC.open(path, flags | LibC.O_CLOEXEC, 0));
        if (fd < 0) {
            throw LibC.failure("cannot open " + path);
        }
        return new Descriptor((int) fd);
    }

    /** Makes a call, again if a signal interrupts it. */
    private static long uninterrupted(LongSupplier call) {
        long result;
        do {
            result = call.getAsLong();
        } while (result < 0 && Native.getLastError() == LibC.EINTR);
        return result;
    }

    int number() {
        if (fd < 0) {
            throw new IllegalStateException("closed");
        }
        return fd;
    }

    /** Bytes read, {@link #NO_PEER} at the end of a file or when a pipe has no writer, or {@link #NOTHING_YET}. */
    int read(long address, int count) throws IOException {
        long n = uninterrupted(() -> LibC.read(number(), address, count));
        if (n < 0 && Native.getLastError() != LibC.EAGAIN) {
            throw LibC.failure("cannot read");
        }
        return n < 0 ? NOTHING_YET : (int) n;
    }

    /** Bytes written, {@link #NO_PEER} when a pipe has lost its reader, or {@link #NOTHING_YET} when it is full. */
    int write(long address, int count) throws IOException {
        long n = uninterrupted(() -> LibC.write(number(), address, count));
        if (n >= 0) {
            return (int) n;
        }
        return switch (Native.getLastError()) {
            case LibC.EAGAIN -> NOTHING_YET;
            case LibC.EPIPE -> NO_PEER;
            default -> throw LibC.failure("cannot write");
        };
    }

    /** How many bytes a pipe holds, from either end. */
    int unread() throws IOException {
        try (Memory count = new Memory(Integer.BYTES)) {
            if (LibC.ioctl(number(), LibC.FIONREAD, Pointer.nativeValue(count)) < 0) {
                throw LibC.failure("cannot look into a pipe");
            }
            return count.getInt(0);
        }
    }

    /**
     * Takes the lock of the open file description, until it is closed or the process ends; false if it is taken. Unlike those of
     * {@code java.nio}, it does not end when another descriptor of the same file is closed.
     */
    boolean tryLock() throws IOException {
        boolean locked = uninterrupted(() -> LibC.flock(number(), LibC.LOCK_EX | LibC.LOCK_NB)) == 0;
        if (!locked && Native.getLastError() != LibC.EAGAIN) {
            throw LibC.failure("cannot lock");
        }
        return locked;
    }

    @Override
    public void close() {
        if (fd >= 0) {
            // Linux frees the number whatever close() returns, and nothing of ours is buffered behind it.
            LibC.close(fd);
            fd = -1;
        }
    }
}
