// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.PackageFormatException;
import java.io.Closeable;
import java.io.EOFException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The files of a {@link PackageHandler}: a directory for each place. What is on its way has a hidden name. Thread-safe. */
class PackageShelf {
    private static final FileAttribute<?> FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<?> DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int CREATED = 201;
    private static final int NOTHING_NEW = 204;
    private static final int CONFLICT = 409;
    private static final int NOT_WHOLE = 422;
    private static final int FULL = 507;
    /** The directory of all places, as if it were one. */
    private static final String ALL = "";

    private final Path directory;
    private final long quota;
    /** Places where a name was made or deleted and may not be on the disk, since bringing it there has failed. */
    private final Set<String> unsynced = new HashSet<>();
    /** What there is, and what may come of what is on its way. */
    private long bytes;

    PackageShelf(Path directory, long quota) throws IOException {
        this.directory = directory;
        this.quota = quota;
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory, DIRECTORY);
        }
        for (Path entry : list(directory)) {
            if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                for (Path file : list(entry)) {
                    bytes += Files.size(file);
                }
            } else if (entry.getFileName().toString().startsWith(".")) {
                Files.delete(entry);
            }
        }
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private Path file(String place, String name) {
        return directory.resolve(place).resolve(name);
    }

    /** Takes an object in. The status that this comes to. */
    int put(String place, String name, InputStream body, int length) throws IOException {
        synchronized (this) {
            if (length > quota - bytes) {
                return FULL;
            }
            bytes += length;
        }
        int status = 0;
        Path incoming = directory.resolve("." + UUID.randomUUID());
        try {
            receive(body, length, incoming);
            synchronized (this) {
                requireSynced(place);
                status = name.equals(PartIndex.NAME) ? commit(place, incoming) : replace(place, name, incoming);
            }
            return status;
        } finally {
            Files.deleteIfExists(incoming);
            if (status != CREATED) {
                synchronized (this) {
                    bytes -= length;
                }
            }
        }
    }

    private static void receive(InputStream body, int length, Path target) throws IOException {
        Files.createFile(target, FILE);
        try (FileOutputStream out = new FileOutputStream(target.toFile())) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int left = length; left > 0; ) {
                int n = body.read(buffer, 0, Math.min(left, buffer.length));
                if (n < 0) {
                    throw new EOFException("a request ended before its end");
                }
                out.write(buffer, 0, n);
                left -= n;
            }
            out.getFD().sync();
        }
    }

    /** The same index may come twice, if the first answer was lost. */
    private int commit(String place, Path incoming) throws IOException {
        Path file = file(place, PartIndex.NAME);
        byte[] content = Files.readAllBytes(incoming);
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return Arrays.equals(Files.readAllBytes(file), content) ? NOTHING_NEW : CONFLICT;
        }
        try {
            PartIndex index = PartIndex.parse(content);
            for (int i = 0; i < index.parts().size(); i++) {
                Path part = file(place, index.name(i));
                if (!Files.isRegularFile(part, LinkOption.NOFOLLOW_LINKS) || Files.size(part) != index.size(i)) {
                    return NOT_WHOLE;
                }
            }
        } catch (PackageFormatException e) {
            return NOT_WHOLE;
        }
        name(incoming, place, file);
        return CREATED;
    }

    private int replace(String place, String name, Path incoming) throws IOException {
        boolean receipt = name.endsWith("." + Receipt.SUFFIX);
        if (!receipt && Files.exists(file(place, PartIndex.NAME), LinkOption.NOFOLLOW_LINKS)) {
            return CONFLICT;
        }
        Path file = file(place, name);
        long before = Files.exists(file, LinkOption.NOFOLLOW_LINKS) ? Files.size(file) : 0;
        name(incoming, place, file);
        bytes -= before;
        return CREATED;
    }

    private void name(Path incoming, String place, Path file) throws IOException {
        Path folder = directory.resolve(place);
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(folder, DIRECTORY);
            syncNames(ALL);
        }
        Files.move(incoming, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncNames(place);
    }

    /** What has not been brought to the disk is not shown to anybody: a power cut could still undo it. */
    private void syncNames(String place) throws IOException {
        unsynced.add(place);
        sync(directory.resolve(place));
        unsynced.remove(place);
    }

    private void requireSynced(String place) throws IOException {
        for (String name : List.of(ALL, place)) {
            if (unsynced.contains(name)) {
                syncNames(name);
            }
        }
    }

    /** Not private, for tests of disks that fail. */
    void sync(Path directory) throws IOException {
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        }
    }

    /** Deletes an object, and the place with the last one; false if there is none. */
    synchronized boolean delete(String place, String name) throws IOException {
        Path file = file(place, name);
        requireSynced(place);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        long size = Files.size(file);
        Files.delete(file);
        bytes -= size;
        syncNames(place);
        try {
            Files.delete(directory.resolve(place));
        } catch (DirectoryNotEmptyException e) {
            return true;
        }
        return true;
    }

    /** Opens an object, which stays what it is if it is replaced meanwhile. */
    synchronized Optional<Content> open(String place, String name) throws IOException {
        Path file = file(place, name);
        requireSynced(place);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        FileTime changed = Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
        RandomAccessFile content = new RandomAccessFile(file.toFile(), "r");
        String etag = "\"" + Long.toHexString(content.length()) + "-"
                + Long.toHexString(changed.to(TimeUnit.NANOSECONDS)) + "\"";
        return Optional.of(new Content(content, content.length(), etag));
    }

    /** An object to be read. */
    record Content(RandomAccessFile file, long bytes, String etag) implements Closeable {
        void skipTo(long position) throws IOException {
            file.seek(position);
        }

        int read(byte[] target, int most) throws IOException {
            return file.read(target, 0, most);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
