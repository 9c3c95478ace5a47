// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockInput;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.stored.PackageSealing;
import io.vmmig.transport.stored.UntilClosed;
import io.vmmig.transport.wire.LazyDecryptingInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A package file that is open. */
final class FileStoredPackage implements StoredPackage {
    private static final int BUFFER_BYTES = 256 << 10;

    private final Path file;
    /**
     * Held open throughout, so that each stream reads the same file, whatever happens to the name meanwhile. Not a channel: the interrupt
     * of one reading thread would close that for all.
     */
    private final RandomAccessFile content;

    private final List<Earlier> earlier;
    private final PackageSealing sealing;
    private volatile boolean closed;

    FileStoredPackage(Path file, RandomAccessFile content, List<Path> earlier, PackageSealing sealing) {
        this.file = file;
        this.content = content;
        this.earlier = earlier.stream().map(path -> new Earlier(path, sealing)).toList();
        this.sealing = sealing;
    }

    private record Earlier(Path file, PackageSealing sealing) implements EarlierPackage {
        @Override
        public InputStream open() throws IOException {
            InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES);
            return new LazyDecryptingInputStream(in, content -> sealing.opened(content, file.toString()));
        }

        @Override
        public String toString() {
            return file.toString();
        }
    }

    @Override
    public String description() {
        return "file " + file;
    }

    @Override
    public List<EarlierPackage> earlierPackages() {
        return List.copyOf(earlier);
    }

    @Override
    public InputStream packageStream() {
        InputStream stored = new BufferedInputStream(new UntilClosed(new FromStart(), () -> closed), BUFFER_BYTES);
        return new LazyDecryptingInputStream(stored, bytes -> sealing.opened(bytes, description()));
    }

    @Override
    public void close() {
        closed = true;
        try {
            content.close();
        } catch (IOException e) {
            // It was only read.
        }
    }

    /** Reads the file from its start, at a position of its own. */
    private final class FromStart extends BlockInput {
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
                VmmigException why = VmmigException.from(
                        e,
                        Problem.FILE_FAILED,
                        "the package " + file + " could not be read",
                        "Check the file and its disk.");
                throw new IOException(why.getMessage(), why);
            }
        }
    }
}
