// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Opens a FIFO for writing, which blocks until there is a reader. Uses its own thread, because on Linux waiting for a FIFO's
 * first reader cannot be cancelled.
 */
final class Opening {
    private final Path fifo;
    private final CompletableFuture<Descriptor> opened = new CompletableFuture<>();

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
            if (!opened.complete(descriptor)) {
                descriptor.close();
            }
        } catch (IOException e) {
            opened.completeExceptionally(e);
        }
    }

    boolean isDone() {
        return opened.isDone();
    }

    /** The writing end, once done; the caller closes it, or cancels. */
    Descriptor take() throws IOException {
        try {
            return opened.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e);
        }
    }

    /** Cancels; removes the FIFO, because only that reliably unblocks the thread. */
    void cancel() throws IOException {
        opened.cancel(false);
        opened.thenAccept(Descriptor::close);
        Fifo.remove(fifo);
    }
}
