// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import io.vmmig.sparse.SparseInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A new file, readable by its owner only, in which blocks of zeros take no space. Closing it before it is finished deletes it.
 * For one thread.
 */
public final class NewFile implements Closeable {
    /** The permissions of a file that only its owner may read or write. */
    public static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final int BLOCK = 4096;
    private static final byte[] ZEROS = new byte[BLOCK];
    private static final int BUFFER_BYTES = 256 << 10;

    private final Path path;
    private final FileChannel channel;
    private final boolean made;
    private long position;
    private boolean finished;

    private NewFile(Path path, FileChannel channel, boolean made) {
        this.path = path;
        this.channel = channel;
        this.made = made;
    }

    /**
     * Creates the file.
     *
     * @throws java.nio.file.FileAlreadyExistsException if the name exists, even as a dangling link
     */
    public static NewFile create(Path path) throws IOException {
        return new NewFile(
                path,
                FileChannel.open(
                        path,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                        OWNER_ONLY),
                true);
    }

    /** Like a new file, but overwrites an existing one, which others may hold open and which is never deleted. */
    public static NewFile over(Path path) throws IOException {
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        channel.truncate(0);
        return new NewFile(path, channel, false);
    }

    /**
     * Appends up to {@code limit} bytes from {@code in}.
     *
     * @param digest updated with the appended bytes, or null
     * @return the number of bytes: fewer than {@code limit} only if {@code in} has ended
     */
    public long append(InputStream in, long limit, @Nullable MessageDigest digest) throws IOException {
        byte[] buffer = new byte[(int) Math.min(BUFFER_BYTES, limit)];
        long total = 0;
        while (total < limit) {
            long zeros = digest == null ? SparseInputStream.skipZeros(in, limit - total) : 0;
            if (zeros > 0) {
                position += zeros;
                total += zeros;
                continue;
            }
            int length = in.readNBytes(buffer, 0, (int) Math.min(buffer.length, limit - total));
            if (length == 0) {
                break;
            }
            if (digest != null) {
                digest.update(buffer, 0, length);
            }
            append(buffer, length);
            total += length;
        }
        return total;
    }

    /** Appends the first {@code length} bytes, writing those blocks that are not all zeros. */
    private void append(byte[] bytes, int length) throws IOException {
        int pending = 0;
        int at = 0;
        while (at < length) {
            int toBoundary = BLOCK - (int) ((position + at) % BLOCK);
            int end = Math.min(length, at + toBoundary);
            if (Arrays.equals(bytes, at, end, ZEROS, 0, end - at)) {
                put(ByteBuffer.wrap(bytes, pending, at - pending), position + pending);
                pending = end;
            }
            at = end;
        }
        put(ByteBuffer.wrap(bytes, pending, length - pending), position + pending);
        position += length;
    }

    /** Skips the next {@code bytes}, to be written later. */
    public void skip(int bytes) {
        position += bytes;
    }

    /** Writes at the very beginning. */
    public void writeFirst(byte[] bytes) throws IOException {
        put(ByteBuffer.wrap(bytes), 0);
    }

    /** Writes at any position; gaps stay zeros that take no space. */
    public void write(ByteBuffer bytes, long at) throws IOException {
        long end = at + bytes.remaining();
        put(bytes, at);
        position = Math.max(position, end);
    }

    private void put(ByteBuffer bytes, long at) throws IOException {
        long to = at;
        while (bytes.hasRemaining()) {
            to += channel.write(bytes, to);
        }
    }

    /**
     * Reads back; unwritten bytes are zeros.
     *
     * @param bytes is filled
     */
    public void read(ByteBuffer bytes, long at) throws IOException {
        long from = at;
        while (bytes.hasRemaining()) {
            int n = channel.read(bytes, from);
            if (n < 0) {
                while (bytes.hasRemaining()) {
                    bytes.put((byte) 0);
                }
            } else {
                from += n;
            }
        }
    }

    /** Maps a part of the file, which must have been written before; otherwise a full disk would crash the JVM. */
    public MappedByteBuffer map(long at, long bytes) throws IOException {
        return channel.map(FileChannel.MapMode.READ_WRITE, at, bytes);
    }

    /** The length of the file so far, in bytes. */
    public long bytes() {
        return position;
    }

    /** Sets the file's length, and syncs the file and its name to the disk. */
    public void finish() throws IOException {
        padAndSync();
        syncDirectoryOf(path);
        finished = true;
    }

    /** As {@link #finish()}, but renames the file within its directory, replacing any file of that name. */
    public void finishAs(Path target) throws IOException {
        padAndSync();
        Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
        finished = true;
        syncDirectoryOf(target);
    }

    private void padAndSync() throws IOException {
        if (channel.size() < position) {
            put(ByteBuffer.allocate(1), position - 1);
        }
        channel.force(true);
    }

    /** Syncs the name of a file to the disk. */
    public static void syncDirectoryOf(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory != null) {
            try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
                names.force(true);
            }
        }
    }

    /** Closes the file, and deletes it unless it was finished or existed before. */
    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            if (made && !finished) {
                Files.deleteIfExists(path);
            }
        }
    }
}
