// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.sparse.BlockOutput;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A file that is brought to the disk while it is written: at its end a guest stands still for what is left to do. Written by one
 * thread; any may close it.
 */
final class SyncedOutput extends BlockOutput {
    static final long EVERY_BYTES = 16 << 20;

    /** Brings to the disk what was written so far. */
    @FunctionalInterface
    interface Sync {
        void run() throws IOException;
    }

    /** Not a channel: that would be closed by the interrupt of a thread that writes. */
    private final FileOutputStream file;

    private final Sync sync;
    private long unsynced;
    private CompletableFuture<Void> syncing = CompletableFuture.completedFuture(null);

    SyncedOutput(FileOutputStream file, Sync sync) {
        this.file = file;
        this.sync = sync;
    }

    /** Of a file that is there. */
    static SyncedOutput of(Path path) throws IOException {
        FileOutputStream file = new FileOutputStream(path.toFile());
        return new SyncedOutput(file, file.getFD()::sync);
    }

    /** Throws, too, what went wrong with what was written before. */
    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        file.write(bytes, offset, length);
        unsynced += length;
        if (unsynced >= EVERY_BYTES && syncing.isDone()) {
            // Linux tells of a failure once, so what this one has met, no later one would.
            awaitSyncing();
            unsynced = 0;
            syncing = inBackground();
        }
    }

    private CompletableFuture<Void> inBackground() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        sync.run();
                        done.complete(null);
                    } catch (IOException | RuntimeException e) {
                        done.completeExceptionally(e);
                    }
                },
                "vmmig-sync");
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    private void awaitSyncing() throws IOException {
        try {
            syncing.join();
        } catch (CompletionException e) {
            throw new IOException("what was written could not be brought to the disk", e.getCause());
        }
    }

    /** Waits until all that was written is on the disk. */
    void sync() throws IOException {
        awaitSyncing();
        sync.run();
    }

    /** What is being brought to the disk may still be. */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
