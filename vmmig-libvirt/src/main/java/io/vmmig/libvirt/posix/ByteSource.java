// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import com.sun.jna.Memory;
import java.io.IOException;
import java.time.Duration;

/** Bytes that another process is still writing. One thread reads; the other methods can be called from any thread. */
public interface ByteSource extends AutoCloseable {
    /**
     * Waits for bytes and reads some.
     *
     * @return how many bytes there are now at {@code offset} of {@code into}, at least 1; or -1 at the end, which comes only
     *     after {@link #writersDone()}
     * @throws StalledException when nothing came within {@code stall}
     * @throws java.nio.channels.ClosedChannelException when the source was closed, also by another thread meanwhile
     */
    int read(Memory into, int offset, int count, Duration stall) throws IOException;

    /** Says that all the writers have come to their end: what can be read now is all there will be. */
    void writersDone();

    /** Wakes the reader and lets go of the file. Writers of a pipe fail from here on. */
    @Override
    void close();
}
