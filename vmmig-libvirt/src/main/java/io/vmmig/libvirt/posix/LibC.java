// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The few functions of the C library without an equivalent in Java. {@code java.nio} cannot open a FIFO without blocking, cannot
 * wait for a file with a deadline, and closes a channel under its reader only when the reader is interrupted; {@code
 * open(O_NONBLOCK)}, {@code poll} and an eventfd make all three simple, at the price of a copy that costs a tenth of reading the
 * pipe.
 */
final class LibC {
    static final int O_RDONLY = 0;
    static final int O_WRONLY = 1;
    static final int O_RDWR = 2;
    static final int O_NONBLOCK = 0x800;
    static final int O_CLOEXEC = 0x80000;
    static final int LOCK_EX = 2;
    static final int LOCK_NB = 4;
    static final int F_SETFL = 4;
    static final int F_OFD_GETLK = 36;
    static final int F_SETPIPE_SZ = 1031;
    static final long FIONREAD = 0x541b;
    static final int EFD_NONBLOCK = O_NONBLOCK;
    static final int EFD_CLOEXEC = O_CLOEXEC;
    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;
    static final int EINTR = 4;
    static final int ENXIO = 6;
    static final int EINVAL = 22;
    static final int EAGAIN = 11;
    static final int EPIPE = 32;

    static {
        if (Native.SIZE_T_SIZE != 8) {
            throw new UnsatisfiedLinkError("vmmig needs a 64-bit Linux");
        }
        Native.register(
                LibC.class, NativeLibrary.getInstance("libc.so.6", Map.of(Library.OPTION_STRING_ENCODING, "UTF-8")));
    }

    private LibC() {}

    static native int open(String path, int flags, int mode);

    static native int close(int fd);

    static native long read(int fd, long address, long count);

    static native long write(int fd, long address, long count);

    static native long lseek(int fd, long offset, int whence);

    static native int flock(int fd, int operation);

    static native int poll(long address, long count, int timeoutMillis);

    static native int fcntl(int fd, int command, int argument);

    static native int fcntl(int fd, int command, long address);

    static native int ioctl(int fd, long request, long address);

    static native int mkfifo(String path, int mode);

    static native int eventfd(int initial, int flags);

    static native int setenv(String name, String value, int overwrite);

    static native int unsetenv(String name);

    static native @Nullable Pointer getenv(String name);

    static native int geteuid();

    static native String strerror(int errno);

    /** The error of this thread's last call, as an exception. */
    static IOException failure(String what) {
        return new IOException(what + ": " + strerror(Native.getLastError()));
    }
}
