// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Native;
import io.vmmig.hypervisor.FileHoles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;

/** Finds the holes of a file by {@code SEEK_DATA} and {@code SEEK_HOLE}. A file system without support reports no holes. */
public final class SeekableHoles implements FileHoles.InFile {
    private final Path file;
    private int fd;

    private SeekableHoles(Path file, int fd) {
        this.file = file;
        this.fd = fd;
    }

    /** Opens a file for it. */
    public static SeekableHoles of(Path file) throws IOException {
        int fd = LibC.open(file.toString(), LibC.O_RDONLY | LibC.O_CLOEXEC | LibC.O_NONBLOCK, 0);
        if (fd < 0) {
            throw new FileNotFoundException(
                    LibC.failure("could not open " + file).getMessage());
        }
        return new SeekableHoles(file, fd);
    }

    @Override
    public long nextContent(long from) throws IOException {
        return seek(from, LibC.SEEK_DATA, from);
    }

    /** There is one at the end of each file. */
    @Override
    public long nextHole(long from) throws IOException {
        return seek(from, LibC.SEEK_HOLE, Long.MAX_VALUE);
    }

    private long seek(long from, int whence, long unknown) throws IOException {
        if (fd < 0) {
            throw new IOException(file + " was closed");
        }
        long found = LibC.lseek(fd, from, whence);
        if (found >= 0) {
            return found;
        }
        return switch (Native.getLastError()) {
            case LibC.ENXIO -> Long.MAX_VALUE;
            case LibC.EINVAL -> unknown;
            default -> throw LibC.failure("could not look for holes in " + file);
        };
    }

    @Override
    public void close() {
        if (fd >= 0) {
            LibC.close(fd);
            fd = -1;
        }
    }
}
