// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * A file that many threads read at once, from anywhere in it. Thread-safe.
 *
 * <p>A thread that is interrupted while it reads from a {@link java.nio.channels.FileChannel} closes it for all others, so
 * each thread that reads has a handle of its own here, which no interrupt closes.
 */
public final class SharedFile implements Closeable {
    private static final String IDENTITY = "unix:isRegularFile,dev,ino";

    private final Path path;
    private final Map<String, Object> identity;
    private final long bytes;
    private final ConcurrentLinkedQueue<RandomAccessFile> idle = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    private SharedFile(Path path, Map<String, Object> identity, RandomAccessFile handle) throws IOException {
        this.path = path;
        this.identity = identity;
        this.bytes = handle.length();
        idle.add(handle);
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

    /** Where it is. */
    public Path path() {
        return path;
    }

    /** How long it was when it was opened, in bytes. */
    public long bytes() {
        return bytes;
    }

    /**
     * Reads what there is at {@code position}.
     *
     * @return how many bytes there were: fewer than {@code length} only at the end of the file
     * @throws IOException if reading fails, or the file is closed
     */
    public int read(long position, byte[] buffer, int offset, int length) throws IOException {
        RandomAccessFile handle = take();
        try {
            handle.seek(position);
            int total = 0;
            while (total < length) {
                int n = handle.read(buffer, offset + total, length - total);
                if (n < 0) {
                    break;
                }
                total += n;
            }
            return total;
        } finally {
            give(handle);
        }
    }

    private RandomAccessFile take() throws IOException {
        RandomAccessFile handle = idle.poll();
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
        return another;
    }

    private void give(RandomAccessFile handle) throws IOException {
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
        for (@Nullable RandomAccessFile handle = idle.poll(); handle != null; handle = idle.poll()) {
            handle.close();
        }
    }
}
