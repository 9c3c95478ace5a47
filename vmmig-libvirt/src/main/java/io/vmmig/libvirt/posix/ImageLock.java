// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Path;

/** The lock that shows that a QEMU may write to an image. */
public final class ImageLock {
    /** As in {@code file-posix.c}: a byte for each permission, from 100 on; write permission is the second. */
    private static final long WRITE_PERMISSION_BYTE = 101;

    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;
    /** struct flock: short type, short whence, long start, long length, int pid. */
    private static final int FLOCK_BYTES = 32;

    private ImageLock() {}

    /**
     * Whether a process may write to the image, according to QEMU's locks.
     *
     * @throws IOException when the file cannot be opened, or its file system has no such locks
     */
    public static boolean isWriter(Path image) throws IOException {
        try (Descriptor file = Descriptor.open(image.toString(), LibC.O_RDONLY);
                Memory lock = new Memory(FLOCK_BYTES)) {
            lock.clear();
            lock.setShort(0, F_WRLCK);
            lock.setLong(8, WRITE_PERMISSION_BYTE);
            lock.setLong(16, 1);
            if (LibC.fcntl(file.number(), LibC.F_OFD_GETLK, Pointer.nativeValue(lock)) < 0) {
                throw LibC.failure("ask for the locks of " + image);
            }
            return lock.getShort(0) != F_UNLCK;
        }
    }
}
