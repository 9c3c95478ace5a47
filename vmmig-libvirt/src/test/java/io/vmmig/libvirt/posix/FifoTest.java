// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.Memory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class FifoTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(100);

    @TempDir
    Path directory;

    private final ExecutorService others = Executors.newCachedThreadPool();
    private Path fifo;

    @BeforeEach
    void makeFifo() throws IOException {
        fifo = directory.resolve("fifo");
        Fifo.make(fifo);
    }

    @AfterEach
    void stopOthers() throws Exception {
        others.shutdown();
        assertThat(others.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }

    private static byte[] noise(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    private <T> Future<T> elsewhere(Callable<T> task) {
        return others.submit(task);
    }

    private static byte[] readAll(FifoSource source) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        Memory memory = new Memory(10_000);
        int n;
        while ((n = source.read(memory, 0, 10_000, PATIENCE)) > 0) {
            all.writeBytes(memory.getByteArray(0, n));
        }
        return all.toByteArray();
    }

    @Test
    void onlyItsOwnerMayOpenIt() throws Exception {
        assertThat(Files.getPosixFilePermissions(fifo))
                .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    }

    @Test
    void aSourceOutlivesWritersThatComeAndGo() throws Exception {
        byte[] bytes = noise(3_000_000);
        try (FifoSource source = new FifoSource(fifo)) {
            Future<Boolean> writer = elsewhere(() -> {
                for (int from = 0; from < bytes.length; from += 1_000_000) {
                    try (OutputStream out = Files.newOutputStream(fifo, StandardOpenOption.WRITE)) {
                        out.write(bytes, from, 1_000_000);
                    }
                }
                source.writersDone();
                return true;
            });
            assertThat(readAll(source)).isEqualTo(bytes);
            assertThat(writer.get()).isTrue();
        }
    }

    @Test
    void aSourceThatIsClosedEndsItsReaderAndItsWriter() throws Exception {
        FifoSource source = new FifoSource(fifo);
        Future<Integer> reader = elsewhere(() -> source.read(new Memory(10), 0, 10, PATIENCE));
        source.close();
        assertThatThrownBy(reader::get).hasCauseInstanceOf(ClosedChannelException.class);

        FifoSource other = new FifoSource(fifo);
        try (OutputStream out = Files.newOutputStream(fifo, StandardOpenOption.WRITE)) {
            other.close();
            assertThatThrownBy(() -> out.write(1)).hasMessageContaining("pipe");
        }
    }

    @Test
    void aWriterThatComesWhenTheSourceIsClosedCanBeFreed() throws Exception {
        new FifoSource(fifo).close();
        Future<Boolean> writer = elsewhere(() -> {
            try (OutputStream out = Files.newOutputStream(fifo, StandardOpenOption.WRITE)) {
                assertThatThrownBy(() -> out.write(new byte[1 << 20])).hasMessageContaining("pipe");
            }
            return true;
        });
        // It may come at any time, so once is not enough.
        while (!writer.isDone()) {
            Fifo.freeWriters(fifo);
        }
        assertThat(writer.get()).isTrue();
        assertThat(fifo).exists();
    }

    @Test
    void aSourceThatNobodyFillsIsAStall() throws Exception {
        try (FifoSource source = new FifoSource(fifo)) {
            assertThatThrownBy(() -> source.read(new Memory(10), 0, 10, SHORT)).isInstanceOf(StalledException.class);
        }
    }

    private Future<byte[]> readerOf(Path fifo, int peeks, int peekBytes, FifoFeeder feeder) {
        return elsewhere(() -> {
            for (int i = 0; i < peeks; i++) {
                try (InputStream in = Files.newInputStream(fifo)) {
                    in.readNBytes(peekBytes);
                }
            }
            try (InputStream in = Files.newInputStream(fifo)) {
                return in.readAllBytes();
            } finally {
                feeder.readerDone();
            }
        });
    }

    /** Small streams lie in the pipe when the reader goes; large ones break it. Both must arrive whole. */
    @Test
    void aReaderThatPeeksFirstGetsAllOfItAfterwards() throws Exception {
        for (int size : new int[] {1_000, 100_000, 1_500_000, 5_000_000}) {
            for (int peeks = 0; peeks < 3; peeks++) {
                byte[] bytes = noise(size);
                // A name of its own, as each restore has: a writer given up before may still be about to open the old
                // one.
                Path fresh = directory.resolve("fifo-" + size + "-" + peeks);
                Fifo.make(fresh);
                try (FifoFeeder feeder = new FifoFeeder(fresh, 70_000)) {
                    Future<byte[]> reader = readerOf(fresh, peeks, 500, feeder);
                    for (int from = 0; from < size; from += 7_777) {
                        int n = Math.min(7_777, size - from);
                        assertThat(feeder.write(bytes, from, n, PATIENCE)).isTrue();
                        if (from < 100_000) {
                            feeder.flush(PATIENCE);
                        }
                    }
                    feeder.finish(PATIENCE);
                    assertThat(Arrays.equals(reader.get(), bytes))
                            .as("%d bytes after %d peeks", size, peeks)
                            .isTrue();
                }
            }
        }
    }

    @Test
    void whoeverWaitsForAReaderLearnsWhenItHasTakenAll() throws Exception {
        byte[] bytes = noise(1_004);
        for (int peeks = 0; peeks < 3; peeks++) {
            Path fresh = directory.resolve("fifo-" + peeks);
            Fifo.make(fresh);
            try (FifoFeeder feeder = new FifoFeeder(fresh, 1_000)) {
                Future<byte[]> reader = readerOf(fresh, peeks, 500, feeder);
                assertThat(feeder.write(bytes, 0, bytes.length, PATIENCE)).isTrue();
                assertThat(feeder.awaitTaken(PATIENCE)).isTrue();
                assertThat(reader.isDone()).as("it waits for more").isFalse();
                feeder.finish(PATIENCE);
                assertThat(reader.get()).isEqualTo(bytes);
            }
        }
    }

    @Test
    void aReaderThatDoesNotTakeAllIsNotWaitedForForEver() throws Exception {
        try (FifoFeeder feeder = new FifoFeeder(fifo, 1_000)) {
            Future<InputStream> reader = elsewhere(() -> Files.newInputStream(fifo));
            feeder.write(new byte[10], 0, 10, PATIENCE);
            feeder.flush(PATIENCE);
            assertThat(feeder.awaitTaken(SHORT)).isFalse();
            reader.get().readNBytes(10);
            assertThat(feeder.awaitTaken(PATIENCE)).isTrue();
            feeder.write(new byte[10], 0, 10, PATIENCE);
            reader.get().close();
            feeder.readerDone();
            assertThat(feeder.awaitTaken(PATIENCE)).isFalse();
        }
    }

    @Test
    void aReaderThatLeavesForGoodIsNoticed() throws Exception {
        try (FifoFeeder feeder = new FifoFeeder(fifo, 1000)) {
            elsewhere(() -> {
                try (InputStream in = Files.newInputStream(fifo)) {
                    in.readNBytes(100);
                }
                feeder.readerDone();
                return true;
            });
            boolean read = true;
            for (int i = 0; read && i < 100; i++) {
                read = feeder.write(new byte[100_000], 0, 100_000, PATIENCE);
            }
            assertThat(read).isFalse();
        }
    }

    @Test
    void nobodyToReadIsAStallAndLeavesNobodyBehind() throws Exception {
        FifoFeeder feeder = new FifoFeeder(fifo, 1000);
        feeder.write(new byte[10], 0, 10, SHORT);
        assertThatThrownBy(() -> feeder.flush(SHORT)).isInstanceOf(StalledException.class);
        feeder.close();
        assertThat(fifo).doesNotExist();
    }

    @Test
    void aReaderThatReadsNothingIsAStall() throws Exception {
        try (FifoFeeder feeder = new FifoFeeder(fifo, 1000)) {
            Future<InputStream> reader = elsewhere(() -> Files.newInputStream(fifo));
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100; i++) {
                            feeder.write(new byte[100_000], 0, 100_000, SHORT);
                        }
                    })
                    .isInstanceOf(StalledException.class);
            reader.get().close();
        }
    }

    @Test
    void closingFreesTheWriterAndWhoeverWaitsAtTheFifo() throws Exception {
        FifoFeeder feeder = new FifoFeeder(fifo, 1000);
        Future<Boolean> writer = elsewhere(() -> {
            feeder.write(new byte[10], 0, 10, PATIENCE);
            return feeder.flush(PATIENCE);
        });
        feeder.close();
        assertThatThrownBy(writer::get)
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(ClosedChannelException.class);

        Fifo.make(fifo);
        Future<Integer> reader = elsewhere(() -> {
            try (InputStream in = Files.newInputStream(fifo)) {
                return in.read();
            }
        });
        // The reader may come before the removal or after it; it must not wait in either case.
        Fifo.remove(fifo);
        try {
            assertThat(reader.get()).isEqualTo(-1);
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(java.nio.file.NoSuchFileException.class);
        }
    }
}
