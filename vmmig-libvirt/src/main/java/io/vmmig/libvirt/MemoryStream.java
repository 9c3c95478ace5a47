// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import com.sun.jna.Memory;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.posix.FifoSource;
import io.vmmig.libvirt.posix.StalledException;
import io.vmmig.libvirt.saveimage.SaveImageHeader;
import io.vmmig.sparse.BlockInput;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A save image while libvirt writes it. Ends only after libvirt has reported success. Read by one thread, closed by any. */
final class MemoryStream extends BlockInput {
    /** What to do at the stream's end. */
    interface Step {
        void run() throws VmmigException;
    }

    private static final int BUFFER_BYTES = 1 << 20;
    /** The final header follows the image, because libvirt cannot go back to the beginning of a FIFO. */
    private static final int TRAILER = SaveImageHeader.BYTES;

    private final FifoSource source;
    private final Duration stall;
    private final Step requireSuccess;
    private final Step abort;
    private final Memory buffer;
    private int from;
    private int to;
    private boolean ended;
    private volatile boolean complete;
    private @Nullable VmmigException failure;

    /**
     * @param source where the bytes come from
     * @param requireSuccess throws if the call that writes the image, which has ended, has failed
     * @param abort aborts a stalled save
     */
    MemoryStream(FifoSource source, Duration stall, Step requireSuccess, Step abort) {
        this.source = source;
        this.stall = stall;
        this.requireSuccess = requireSuccess;
        this.abort = abort;
        this.buffer = new Memory(BUFFER_BYTES + TRAILER);
    }

    /** Whether the end was reached successfully. Callable by any thread. */
    boolean complete() {
        return complete;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
        Objects.checkFromIndexSize(offset, count, bytes.length);
        if (count == 0) {
            return 0;
        }
        if (failure != null) {
            throw new IOException(failure);
        }
        try {
            if (!fill()) {
                return -1;
            }
        } catch (VmmigException e) {
            failure = e;
            throw new IOException(e);
        }
        int n = Math.min(count, to - TRAILER - from);
        buffer.read(from, bytes, offset, n);
        from += n;
        return n;
    }

    /** Whether at least one byte can be returned now; bytes that may be the final header cannot. */
    private boolean fill() throws VmmigException {
        while (to - from <= TRAILER) {
            if (ended) {
                return false;
            }
            byte[] held = buffer.getByteArray(from, to - from);
            buffer.write(0, held, 0, held.length);
            from = 0;
            to = held.length;
            int n = readSource();
            if (n < 0) {
                ended = true;
                requireSuccess.run();
                checkFinalHeader();
                complete = true;
            } else {
                to += n;
            }
        }
        return true;
    }

    private int readSource() throws VmmigException {
        try {
            return source.read(buffer, to, (int) buffer.size() - to, stall);
        } catch (StalledException e) {
            abort.run();
            throw Errors.timeout("read the guest's memory, which stalled,", stall);
        } catch (ClosedChannelException e) {
            throw VmmigException.of(Problem.CANCELLED, "saving the guest was aborted", "");
        } catch (IOException e) {
            throw Errors.file("read the guest's memory", e);
        }
    }

    private void checkFinalHeader() throws VmmigException {
        if (!SaveImageHeader.parse(buffer.getByteArray(from, to - from)).complete()) {
            throw VmmigException.of(
                    Problem.HYPERVISOR_FAILED, "libvirt reported success but left its image unfinished", "");
        }
    }

    /** Abandons the rest. A running save fails. */
    @Override
    public void close() {
        source.close();
    }
}
