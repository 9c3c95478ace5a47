// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class SyncedOutputTest {
    private static final byte[] BLOCK = new byte[1 << 20];
    private static final int BLOCKS = (int) (SyncedOutput.EVERY_BYTES / BLOCK.length);

    @TempDir
    Path directory;

    private SyncedOutput output(SyncedOutput.Sync sync) throws IOException {
        return new SyncedOutput(new FileOutputStream(directory.resolve("file").toFile()), sync);
    }

    private static void writeUntilSynced(SyncedOutput out) throws IOException {
        for (int i = 0; i < BLOCKS; i++) {
            out.write(BLOCK);
        }
    }

    @Test
    void aFileIsBroughtToTheDiskWhileItIsWritten() throws Exception {
        CountDownLatch synced = new CountDownLatch(1);
        try (SyncedOutput out = output(synced::countDown)) {
            out.write(1);
            assertThat(synced.getCount()).isOne();
            writeUntilSynced(out);
            assertThat(synced.await(10, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(directory.resolve("file")).hasSize(SyncedOutput.EVERY_BYTES + 1);
    }

    @Test
    void whoWritesDoesNotWaitForTheDisk() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        AtomicInteger syncs = new AtomicInteger();
        try (SyncedOutput out = output(() -> {
            syncs.incrementAndGet();
            begun.countDown();
            awaitQuietly(mayEnd);
        })) {
            writeUntilSynced(out);
            begun.await();
            writeUntilSynced(out);
            assertThat(syncs).hasValue(1);
            mayEnd.countDown();
            out.sync();
            assertThat(syncs).hasValue(2);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void whatOneSyncHasMetIsNotForgotten() throws Exception {
        AtomicInteger syncs = new AtomicInteger();
        try (SyncedOutput out = output(() -> {
            if (syncs.incrementAndGet() == 1) {
                throw new IOException("the disk is broken");
            }
        })) {
            writeUntilSynced(out);

            assertThatThrownBy(out::sync)
                    .isInstanceOf(IOException.class)
                    .rootCause()
                    .hasMessage("the disk is broken");
            assertThat(syncs).hasValue(1);
        }
    }

    @Test
    void aRealFileIsThere() throws Exception {
        Path file = Files.createFile(directory.resolve("real"));
        try (SyncedOutput out = SyncedOutput.of(file)) {
            writeUntilSynced(out);
            writeUntilSynced(out);
            out.sync();
        }
        assertThat(file).hasSize(2 * SyncedOutput.EVERY_BYTES);
    }
}
