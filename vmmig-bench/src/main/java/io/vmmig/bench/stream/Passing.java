// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import io.vmmig.bench.MeasuredMemory;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.content.Digest;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;

/** Sends a QEMU stream as a package through a pipe to a reader that unpacks it at the same time. */
final class Passing {
    private static final int BUFFER_BYTES = 1 << 16;

    private Passing() {}

    /**
     * The result.
     *
     * @param sentBytes the length of the stream that was packed
     * @param sentDigest its SHA-256
     * @param receivedBytes the length of the stream that was unpacked
     * @param receivedDigest its SHA-256
     * @param packageBytes the length of the package
     */
    record Result(long sentBytes, Digest sentDigest, long receivedBytes, Digest receivedDigest, long packageBytes) {
        boolean same() {
            return sentBytes == receivedBytes && sentDigest.equals(receivedDigest);
        }
    }

    /** Passes the whole stream; {@code progress} gets the number of bytes unpacked so far. */
    static Result of(InputStream stream, long memoryBytes, LongConsumer progress) throws IOException, VmmigException {
        Pipe pipe = Pipe.open();
        CompletableFuture<PackageSummary> writing = new CompletableFuture<>();
        DigestedInput sent = new DigestedInput(stream);
        try (InputStream in = Channels.newInputStream(pipe.source())) {
            Thread writer = new Thread(
                    () -> write(sent, memoryBytes, Channels.newOutputStream(pipe.sink()), writing), "writer");
            writer.setDaemon(true);
            writer.start();
            DigestedInput received = read(in, progress);
            PackageSummary summary = writing.join();
            return new Result(sent.bytes(), sent.digest(), received.bytes(), received.digest(), summary.bytes());
        } catch (IOException | VmmigException e) {
            // If the writer fails, the reader sees a package that ends too early.
            Throwable first = writing.handle((summary, failure) -> failure).getNow(null);
            if (first instanceof VmmigException cause) {
                throw cause;
            }
            if (first instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /** Once {@code out} is read to its end, {@code writing} is complete. */
    private static void write(
            InputStream stream, long memoryBytes, OutputStream out, CompletableFuture<PackageSummary> writing) {
        try (out) {
            try (PackageWriter writer = PackageWriter.to(out, MeasuredMemory.manifest(memoryBytes))) {
                writer.writeDomain("<domain/>", null);
                writer.writeSnapshot(stream);
                writing.complete(writer.finish());
            } catch (VmmigException | RuntimeException e) {
                writing.completeExceptionally(e);
            }
        } catch (IOException e) {
            writing.completeExceptionally(e);
        }
    }

    private static DigestedInput read(InputStream in, LongConsumer progress) throws IOException, VmmigException {
        try (PackageReader reader = PackageReader.from(in, PackageLimits.DEFAULT)) {
            DigestedInput snapshot = null;
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.Snapshot found) {
                    snapshot = new DigestedInput(found.stream());
                    byte[] buffer = new byte[BUFFER_BYTES];
                    while (snapshot.read(buffer, 0, BUFFER_BYTES) >= 0) {
                        progress.accept(snapshot.bytes());
                    }
                }
            }
            reader.verify();
            if (snapshot == null) {
                throw new IOException("the package has no snapshot");
            }
            return snapshot;
        }
    }
}
