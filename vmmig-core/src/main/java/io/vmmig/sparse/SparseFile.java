// SPDX-License-Identifier: Apache-2.0
package io.vmmig.sparse;

import io.vmmig.hypervisor.FileHoles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/** The bytes of a file, of which its holes are not read. For one thread. */
public final class SparseFile extends SparseInputStream {
    /** A file in more pieces than that counts as content from there on. */
    private static final int MAX_PIECES = 100_000;

    private final FileHoles.InFile holes;
    private final RandomAccessFile file;
    private final long bytes;
    private long position;
    /** Where the file has been positioned, which it need not be while holes are passed over. */
    private long filePosition;
    /** From here on, up to {@link #contentEnd}, the file has content; before it there is a hole. */
    private long content;

    private long contentEnd;

    private SparseFile(FileHoles.InFile holes, RandomAccessFile file) throws IOException {
        this.holes = holes;
        this.file = file;
        this.bytes = file.length();
    }

    /** Opens a file. */
    public static SparseFile open(Path path, FileHoles holes) throws IOException {
        FileHoles.InFile inFile = holes.open(path);
        try {
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
            try {
                return new SparseFile(inFile, file);
            } catch (IOException | RuntimeException | Error e) {
                file.close();
                throw e;
            }
        } catch (IOException | RuntimeException | Error e) {
            inFile.close();
            throw e;
        }
    }

    /** How much of a file is no hole, in bytes: as much space as a copy takes that leaves the holes out. */
    public static long contentBytes(Path path, FileHoles holes) throws IOException {
        long size = Files.size(path);
        long content = 0;
        try (FileHoles.InFile inFile = holes.open(path)) {
            long at = inFile.nextContent(0);
            for (int pieces = 0; at < size; pieces++) {
                long end = pieces < MAX_PIECES ? Math.min(size, inFile.nextHole(at)) : size;
                content += end - at;
                at = end < size ? inFile.nextContent(end) : size;
            }
        }
        return content;
    }

    /** Finds out what there is at the position. */
    private void look() throws IOException {
        if (position >= contentEnd) {
            content = Math.min(bytes, holes.nextContent(position));
            contentEnd = content < bytes ? Math.min(bytes, holes.nextHole(content)) : bytes;
        }
    }

    @Override
    public long skipZeros(long most) throws IOException {
        if (position >= bytes) {
            return 0;
        }
        look();
        long zeros = Math.max(0, Math.min(most, content - position));
        position += zeros;
        return zeros;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, buffer.length);
        if (length == 0) {
            return 0;
        }
        if (position >= bytes) {
            return readContent(buffer, offset, length);
        }
        look();
        if (position < content) {
            int zeros = (int) Math.min(length, content - position);
            Arrays.fill(buffer, offset, offset + zeros, (byte) 0);
            position += zeros;
            return zeros;
        }
        return readContent(buffer, offset, (int) Math.min(length, contentEnd - position));
    }

    /** Also behind what was the end when it was opened: whoever expects a size then sees that the file has grown. */
    private int readContent(byte[] buffer, int offset, int length) throws IOException {
        if (filePosition != position) {
            file.seek(position);
            filePosition = position;
        }
        int n = file.read(buffer, offset, length);
        if (n > 0) {
            position += n;
            filePosition += n;
        }
        return n;
    }

    @Override
    public void close() throws IOException {
        try {
            holes.close();
        } finally {
            file.close();
        }
    }
}
