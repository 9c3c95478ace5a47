// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * A file that many threads read at once, at any position. Thread-safe.
 *
 * <p>An interrupted thread closes a {@link java.nio.channels.FileChannel} for all threads, so each thread has its own handle
 * here, which interrupts do not close.
 */
public final class SharedFile implements Closeable {
    private static final String IDENTITY = "unix:isRegularFile,dev,ino";

    private final Path path;
    private final Map<String, Object> identity;
    private final long bytes;
    private final ConcurrentLinkedQueue<Handle> idle = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    /** For one thread at a time. */
    private static final class Handle {
        final RandomAccessFile file;
        long position;

        Handle(RandomAccessFile file) {
            this.file = file;
        }
    }

    private SharedFile(Path path, Map<String, Object> identity, RandomAccessFile handle) throws IOException {
        this.path = path;
        this.identity = identity;
        this.bytes = handle.length();
        idle.add(new Handle(handle));
    }

    /** @throws IOException if it cannot be opened, or is not a regular file */
    public static SharedFile open(Path path) throws IOException {
        Map<String, Object> identity = Files.readAttributes(path, IDENTITY);
        if (!Boolean.TRUE.equals(identity.get("isRegularFile"))) {
            throw new IOException(path + " is not a regular file");
        }
        RandomAccessFile handle = new RandomAccessFile(path.toFile(), "r");
        try {
            return new SharedFile(path, identity, handle);
        } catch (IOException e) {
            handle.close();
            throw e;
        }
    }

    /** Its path. */
    public Path path() {
        return path;
    }

    /** Its length when it was opened, in bytes. */
    public long bytes() {
        return bytes;
    }

    /**
     * Reads at {@code position}.
     *
     * @return the number of bytes: fewer than {@code length} only at the end of the file
     * @throws IOException if reading fails, or the file is closed
     */
    public int read(long position, byte[] buffer, int offset, int length) throws IOException {
        if (position >= bytes) {
            // The system would refuse some positions beyond the end.
            return 0;
        }
        Handle handle = take();
        try {
            if (handle.position != position) {
                handle.file.seek(position);
                handle.position = position;
            }
            int total = 0;
            while (total < length) {
                int n = handle.file.read(buffer, offset + total, length - total);
                if (n < 0) {
                    break;
                }
                total += n;
                handle.position += n;
            }
            return total;
        } finally {
            give(handle);
        }
    }

    private Handle take() throws IOException {
        Handle handle = idle.poll();
        if (handle != null) {
            return handle;
        }
        if (closed) {
            throw new IOException(path + " was closed");
        }
        RandomAccessFile another = new RandomAccessFile(path.toFile(), "r");
        if (!identity.equals(Files.readAttributes(path, IDENTITY))) {
            another.close();
            throw new IOException(path + " was replaced by another file");
        }
        return new Handle(another);
    }

    private void give(Handle handle) throws IOException {
        idle.add(handle);
        if (closed) {
            closeIdle();
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        closeIdle();
    }

    private void closeIdle() throws IOException {
        for (@Nullable Handle handle = idle.poll(); handle != null; handle = idle.poll()) {
            handle.file.close();
        }
    }
}
