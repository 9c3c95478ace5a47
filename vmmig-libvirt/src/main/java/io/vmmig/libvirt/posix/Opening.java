// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Opens a FIFO for writing, which blocks until there is a reader. Uses its own thread, because on Linux waiting for a FIFO's
 * first reader cannot be cancelled.
 */
final class Opening {
    private final Path fifo;
    private @Nullable Descriptor opened;
    private @Nullable IOException failure;
    private boolean cancelled;

    Opening(Path fifo, Runnable whenDone) {
        this.fifo = fifo;
        Thread thread = new Thread(
                () -> {
                    open();
                    whenDone.run();
                },
                "vmmig-fifo-open");
        thread.setDaemon(true);
        thread.start();
    }

    private void open() {
        try {
            Descriptor descriptor = Descriptor.open(fifo.toString(), LibC.O_WRONLY);
            synchronized (this) {
                if (cancelled) {
                    descriptor.close();
                } else {
                    opened = descriptor;
                }
            }
        } catch (IOException e) {
            synchronized (this) {
                failure = e;
            }
        }
    }

    synchronized boolean isDone() {
        return opened != null || failure != null;
    }

    /** The writing end, once done; the caller owns it. */
    synchronized Descriptor take() throws IOException {
        if (failure != null) {
            throw failure;
        }
        if (opened == null) {
            throw new IllegalStateException("not open yet");
        }
        Descriptor descriptor = opened;
        opened = null;
        return descriptor;
    }

    /** Cancels; removes the FIFO, because only that reliably unblocks the thread. */
    void cancel() throws IOException {
        synchronized (this) {
            cancelled = true;
            if (opened != null) {
                opened.close();
                opened = null;
            }
        }
        Fifo.remove(fifo);
    }
}
