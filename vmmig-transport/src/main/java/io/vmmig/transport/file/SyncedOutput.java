// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.sparse.BlockOutput;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A file that is synced while it is written, since a guest is paused while the rest is synced at the end. Written by one thread; any may
 * close it.
 */
final class SyncedOutput extends BlockOutput {
    static final long EVERY_BYTES = 16 << 20;

    /** Syncs what was written so far. */
    @FunctionalInterface
    interface Sync {
        void run() throws IOException;
    }

    /** Not a channel: an interrupt of the writing thread would close that. */
    private final FileOutputStream file;

    private final Sync sync;
    private long unsynced;
    private CompletableFuture<Void> syncing = CompletableFuture.completedFuture(null);

    SyncedOutput(FileOutputStream file, Sync sync) {
        this.file = file;
        this.sync = sync;
    }

    /** For an existing file. */
    static SyncedOutput of(Path path) throws IOException {
        FileOutputStream file = new FileOutputStream(path.toFile());
        return new SyncedOutput(file, file.getFD()::sync);
    }

    /** Also throws the failure of an earlier sync. */
    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        file.write(bytes, offset, length);
        unsynced += length;
        if (unsynced >= EVERY_BYTES && syncing.isDone()) {
            // Linux reports a failure only once, so a later sync would not see it.
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
            throw new IOException("the file could not be synced to the disk", e.getCause());
        }
    }

    /** Waits until everything is on the disk. */
    void sync() throws IOException {
        awaitSyncing();
        sync.run();
    }

    /** Does not wait for a running sync. */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
