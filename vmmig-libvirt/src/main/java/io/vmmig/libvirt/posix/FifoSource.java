// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads a FIFO while its writers come and go. The reading end is open as soon as the object is made. */
public final class FifoSource extends WaitingSource {
    /** The most that Linux gives to a pipe of an ordinary user; it doubles the rate. */
    private static final int PIPE_BYTES = 1 << 20;

    private final Descriptor reader;

    /** As long as someone has the FIFO open for writing, a writer that closes it does not end the stream. */
    private @Nullable Descriptor writerHeld;

    /** Opens the reading end. */
    public FifoSource(Path fifo) throws IOException {
        reader = Descriptor.open(fifo.toString(), LibC.O_RDONLY | LibC.O_NONBLOCK);
        writerHeld = Descriptor.open(fifo.toString(), LibC.O_WRONLY | LibC.O_NONBLOCK);
        // May be refused when the user's pipes hold too much already; the stream is only slower then.
        LibC.fcntl(reader.number(), LibC.F_SETPIPE_SZ, PIPE_BYTES);
    }

    @Override
    int readNow(long address, int count) throws IOException {
        return reader.read(address, count);
    }

    @Override
    Descriptor awaited() {
        return reader;
    }

    @Override
    void letGoOfWriters() {
        if (writerHeld != null) {
            writerHeld.close();
            writerHeld = null;
        }
    }

    @Override
    void release() {
        letGoOfWriters();
        reader.close();
    }
}
