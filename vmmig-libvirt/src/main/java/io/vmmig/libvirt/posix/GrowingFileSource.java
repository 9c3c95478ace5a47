// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Path;

/** Reads an ordinary file from its start while it grows, never sooner than its writer, never later than that by a poll. */
public final class GrowingFileSource extends WaitingSource {
    private static final int EVENT_BYTES = 64 << 10;

    private final Descriptor file;
    private final Descriptor changes;
    private final Memory events = new Memory(EVENT_BYTES);

    /** Opens the file, which must exist. */
    public GrowingFileSource(Path path) throws IOException {
        file = Descriptor.open(path.toString(), LibC.O_RDONLY);
        int fd = LibC.inotify_init1(LibC.IN_NONBLOCK | LibC.IN_CLOEXEC);
        if (fd < 0) {
            file.close();
            throw LibC.failure("cannot watch " + path);
        }
        changes = new Descriptor(fd);
        if (LibC.inotify_add_watch(fd, path.toString(), LibC.IN_MODIFY) < 0) {
            IOException failure = LibC.failure("cannot watch " + path);
            release();
            throw failure;
        }
    }

    @Override
    int readNow(long address, int count) throws IOException {
        // Events first: one that comes between the two reads ends the next wait at once.
        changes.read(Pointer.nativeValue(events), EVENT_BYTES);
        return file.read(address, count);
    }

    @Override
    Descriptor awaited() {
        return changes;
    }

    @Override
    void letGoOfWriters() {
        // Nothing of ours keeps a writer's end open.
    }

    @Override
    void release() {
        file.close();
        changes.close();
    }
}
