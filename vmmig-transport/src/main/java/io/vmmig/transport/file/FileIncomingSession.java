// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.Failure;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.wire.OpenedLazily;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes a guest from a package file, which stays as it is. */
final class FileIncomingSession implements IncomingSession {
    private enum Stage {
        OPENED,
        OFFERED,
        ACCEPTED,
        RESTORED,
        COMMITTED,
        RESUMED
    }

    private static final int BUFFER_BYTES = 256 << 10;

    private final Path file;
    /**
     * Held open throughout, so that what is read is what was offered, whatever happens to the name meanwhile. Not a channel:
     * that would be closed, for all, by the interrupt of one thread that reads.
     */
    private final RandomAccessFile content;

    private final List<Earlier> earlier;

    private final Object lock = new Object();
    private Stage stage = Stage.OPENED;
    private @Nullable Offer offer;
    private @Nullable VmmigException reason;

    private final FileSealing sealing;

    FileIncomingSession(Path file, RandomAccessFile content, List<Path> earlier, FileSealing sealing) {
        this.file = file;
        this.content = content;
        this.sealing = sealing;
        this.earlier = earlier.stream().map(path -> new Earlier(path, sealing)).toList();
    }

    private record Earlier(Path file, FileSealing sealing) implements EarlierPackage {
        @Override
        public InputStream open() throws IOException {
            InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES);
            return new OpenedLazily(in, content -> sealing.opened(content, file));
        }

        @Override
        public String toString() {
            return file.toString();
        }
    }

    @Override
    public List<EarlierPackage> earlierPackages() {
        return List.copyOf(earlier);
    }

    @Override
    public Offer offer() throws VmmigException {
        synchronized (lock) {
            if (offer != null) {
                return offer;
            }
        }
        PackageReader.Head head = PackageReader.readHead(newStream(), PackageLimits.DEFAULT);
        Offer read = new Offer(head.manifest(), head.domainXml());
        synchronized (lock) {
            advance(Stage.OPENED, Stage.OFFERED);
            offer = read;
        }
        return read;
    }

    @Override
    public String description() {
        return "file " + file;
    }

    @Override
    public boolean live() {
        return false;
    }

    @Override
    public void accept(Acceptance acceptance) throws VmmigException {
        advance(Stage.OFFERED, Stage.ACCEPTED);
    }

    @Override
    public InputStream packageStream() {
        return newStream();
    }

    @Override
    public void restored() throws VmmigException {
        advance(Stage.ACCEPTED, Stage.RESTORED);
    }

    @Override
    public void awaitCommit() throws VmmigException {
        advance(Stage.RESTORED, Stage.COMMITTED);
    }

    @Override
    public void resumed() throws VmmigException {
        advance(Stage.COMMITTED, Stage.RESUMED);
    }

    @Override
    public void refuse(Failure reason) {
        end(VmmigException.of(reason, null));
    }

    @Override
    public void close() {
        end(VmmigException.of(Problem.CANCELLED, "the package file was closed", ""));
    }

    private void end(VmmigException why) {
        synchronized (lock) {
            if (reason == null) {
                reason = why;
            }
        }
        try {
            content.close();
        } catch (IOException e) {
            // It was only read.
        }
    }

    private void advance(Stage from, Stage to) throws VmmigException {
        synchronized (lock) {
            if (reason != null) {
                throw VmmigException.of(reason.failure(), reason);
            }
            if (stage != from) {
                throw new IllegalStateException("not " + to + " after " + stage);
            }
            stage = to;
        }
    }

    private InputStream newStream() {
        return new OpenedLazily(
                new BufferedInputStream(new FromStart(), BUFFER_BYTES), stored -> sealing.opened(stored, file));
    }

    private VmmigException failure(IOException e) {
        synchronized (lock) {
            if (reason != null) {
                return VmmigException.of(reason.failure(), reason);
            }
        }
        return VmmigException.from(
                e, Problem.FILE_FAILED, "the package " + file + " could not be read", "Check the file and its disk.");
    }

    /** Reads the file from its start, at a position of its own. */
    private final class FromStart extends InputStream {
        private long position;

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                synchronized (content) {
                    content.seek(position);
                    int n = content.read(target, offset, length);
                    position += Math.max(n, 0);
                    return n;
                }
            } catch (IOException e) {
                VmmigException why = failure(e);
                throw new IOException(why.getMessage(), why);
            }
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }
    }
}
