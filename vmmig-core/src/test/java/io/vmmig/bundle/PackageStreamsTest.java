// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static io.vmmig.bundle.Packages.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.testing.Await;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What happens when the streams fail, block, or are no longer wanted. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
@Tag("once")
class PackageStreamsTest {
    private static final VmmigException PEER_GONE =
            VmmigException.of(Problem.PEER_STALLED, "the peer took nothing", "Look at the peer.");

    @AfterEach
    void noThreadIsLeft() throws Exception {
        Await.until("no thread is left", () -> threads() == 0);
    }

    /** Whether somebody waits in that pipe for what does not come. */
    private static Callable<Boolean> drained(PipedInputStream in) {
        return () -> in.available() == 0;
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("vmmig-(en|de)code-.*"))
                .count();
    }

    @Test
    void anExceptionOfTheOutputReachesTheCallerAsItWas() throws Exception {
        for (int after : new int[] {0, 5 * MIB, 30 * MIB}) {
            Throwable failure = catchThrowable(() -> write(
                    new FailingOutput(after, new IOException(new IOException("wrapped", PEER_GONE))), new Endless()));
            assertThat(failure).isSameAs(PEER_GONE);
        }
    }

    @Test
    void aFullDiskIsCalledThat() {
        Throwable failure = catchThrowable(
                () -> write(new FailingOutput(MIB, new IOException("No space left on device")), new Endless()));
        assertThat(((VmmigException) failure).problem()).isEqualTo(Problem.DISK_FULL);
        failure = catchThrowable(() -> write(new FailingOutput(MIB, new IOException("odd")), new Endless()));
        assertThat(((VmmigException) failure).problem()).isEqualTo(Problem.FILE_FAILED);
        assertThat(failure).hasMessageContaining("odd").hasMessageContaining("written");
    }

    @Test
    void anUncheckedExceptionOfTheOutputReachesTheCallerToo() {
        Throwable failure = catchThrowable(() -> write(
                new OutputStream() {
                    @Override
                    public void write(int b) {
                        throw new UnsupportedOperationException("bug");
                    }
                },
                new Endless()));
        assertThat(failure).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void anExceptionOfTheInputReachesTheCallerAndNothingCanBeFinished() throws Exception {
        try (PackageWriter writer = PackageWriter.to(OutputStream.nullOutputStream(), Manifests.of(List.of()))) {
            writer.writeDomain("<domain/>", null);
            InputStream failing = new InputStream() {
                @Override
                public int read() throws IOException {
                    throw new IOException("wrapped", PEER_GONE);
                }
            };
            assertThat(catchThrowable(() -> writer.writeSnapshot(failing))).isSameAs(PEER_GONE);
            assertThat(catchThrowable(writer::finish)).isSameAs(PEER_GONE);
        }
    }

    @Test
    void closingTheWriterFreesWhoeverWaitsForTheOutput() throws Exception {
        BlockingOutput out = new BlockingOutput();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        PackageWriter writer = PackageWriter.to(out, Manifests.of(List.of()));
        Thread thread = new Thread(() -> failure.set(catchThrowable(() -> {
            writer.writeDomain("<domain/>", null);
            writer.writeSnapshot(new Endless());
        })));
        thread.start();
        out.blocked.await();
        writer.close();
        thread.join(5000);
        assertThat(((VmmigException) failure.get()).problem()).isEqualTo(Problem.CANCELLED);
        writer.close();
    }

    @Test
    void interruptingTheWriterFreesIt() throws Exception {
        BlockingOutput out = new BlockingOutput();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            try (PackageWriter writer = PackageWriter.to(out, Manifests.of(List.of()))) {
                writer.writeDomain("<domain/>", null);
                writer.writeSnapshot(new ByteArrayInputStream(new byte[100]));
                failure.set(catchThrowable(writer::finish));
            } catch (VmmigException e) {
                failure.set(e);
            }
        });
        thread.start();
        out.blocked.await();
        thread.interrupt();
        thread.join(5000);
        assertThat(((VmmigException) failure.get()).problem()).isEqualTo(Problem.CANCELLED);
    }

    @Test
    void closingTheReaderFreesWhoeverWaitsForTheInput() throws Exception {
        byte[] bytes = Packages.write(Packages.diskless(Packages.memory(20 * MIB, 1)));
        PipedOutputStream peer = new PipedOutputStream();
        PipedInputStream in = new PipedInputStream(peer, 32 * MIB);
        peer.write(bytes, 0, bytes.length / 2);
        PackageReader reader = PackageReader.from(in, PackageLimits.DEFAULT);
        reader.next();
        InputStream snapshot = ((PackageReader.Entry.Snapshot) reader.next()).stream();
        CompletableFuture<Throwable> failure = CompletableFuture.supplyAsync(
                () -> catchThrowable(() -> snapshot.transferTo(OutputStream.nullOutputStream())));
        Await.until("all that came was read", drained(in));
        reader.close();
        assertThat(failure.get(5, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
        assertThat(((VmmigException) failure.get().getCause()).problem()).isEqualTo(Problem.CANCELLED);
        peer.close();
    }

    @Test
    void interruptingTheReaderFreesIt() throws Exception {
        byte[] bytes = Packages.write(Packages.diskless(Packages.memory(20 * MIB, 1)));
        PipedOutputStream peer = new PipedOutputStream();
        PipedInputStream in = new PipedInputStream(peer, 32 * MIB);
        peer.write(bytes, 0, bytes.length / 2);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(() -> failure.set(catchThrowable(() -> Packages.read(in, PackageLimits.DEFAULT))));
        thread.start();
        Await.until("all that came was read", drained(in));
        thread.interrupt();
        thread.join(5000);
        assertThat(((VmmigException) failure.get()).problem()).isEqualTo(Problem.CANCELLED);
        peer.close();
    }

    @Test
    void anExceptionOfTheInputReachesTheReaderAsItWas() throws Exception {
        byte[] bytes = Packages.write(Packages.small());
        for (int after : new int[] {0, 100, 3000, bytes.length - 1000, bytes.length}) {
            InputStream in =
                    new java.io.SequenceInputStream(new ByteArrayInputStream(bytes, 0, after), new InputStream() {
                        @Override
                        public int read() throws IOException {
                            throw new IOException("wrapped", PEER_GONE);
                        }
                    });
            assertThat(catchThrowable(() -> Packages.read(in, PackageLimits.DEFAULT)))
                    .as("after %d", after)
                    .isSameAs(PEER_GONE);
        }
    }

    @Test
    void readsWhatIsBeingWritten() throws Exception {
        Packages.Contents contents = Packages.diskless(Packages.memory(50 * MIB, 9));
        Pipe pipe = Pipe.open();
        CompletableFuture<Void> written = CompletableFuture.runAsync(() -> {
            try (OutputStream out = Channels.newOutputStream(pipe.sink());
                    PackageWriter writer = PackageWriter.to(out, contents.manifest())) {
                Packages.write(contents, writer);
            } catch (IOException | VmmigException e) {
                throw new AssertionError(e);
            }
        });
        try (InputStream in = Channels.newInputStream(pipe.source())) {
            Packages.assertSame(Packages.read(in, PackageLimits.DEFAULT), contents);
        }
        written.get();
    }

    private static void write(OutputStream out, InputStream snapshot) throws VmmigException {
        try (PackageWriter writer = PackageWriter.to(out, Manifests.of(List.of()))) {
            writer.writeDomain("<domain/>", null);
            writer.writeSnapshot(snapshot);
            writer.finish();
        }
    }

    /** Never ends, and is never the same. */
    private static final class Endless extends InputStream {
        private final byte[] some = Packages.memory(MIB, 3);

        @Override
        public int read() {
            return 1;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) {
            int count = Math.min(length, some.length);
            System.arraycopy(some, 0, buffer, offset, count);
            return count;
        }
    }

    private static final class FailingOutput extends OutputStream {
        private final IOException failure;
        private int left;

        FailingOutput(int after, IOException failure) {
            this.left = after;
            this.failure = failure;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[1], 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            left -= length;
            if (left < 0) {
                throw failure;
            }
        }
    }

    private static final class BlockingOutput extends OutputStream {
        final CountDownLatch blocked = new CountDownLatch(1);

        @Override
        public void write(int b) throws IOException {
            blocked.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                throw new java.io.InterruptedIOException();
            }
        }
    }
}
