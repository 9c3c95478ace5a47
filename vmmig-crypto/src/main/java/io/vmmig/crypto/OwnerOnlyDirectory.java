// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.files.NewFile;
import io.vmmig.files.Ownership;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A directory of small files that only their owner can read or change. After a crash, each file is in the old or the new state.
 */
final class OwnerOnlyDirectory {
    private static final String LOCK = ".lock";
    private static final FileAttribute<Set<PosixFilePermission>> DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    /** A lock of the operating system belongs to a process; threads need one of their own. */
    private static final Map<Path, Object> THREADS = new ConcurrentHashMap<>();

    private final Path path;

    private OwnerOnlyDirectory(Path path) {
        this.path = path;
    }

    /** Creates it if necessary. */
    static OwnerOnlyDirectory at(Path path) throws IOException {
        Path parent = path.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try {
            Files.createDirectory(path, DIRECTORY);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(path)) {
                throw e;
            }
        }
        Ownership.requireOwn(path);
        return new OwnerOnlyDirectory(path.toRealPath());
    }

    Path path() {
        return path;
    }

    boolean has(String name) {
        return Files.exists(path.resolve(name));
    }

    /** Reads a file of at most {@code limit} bytes that nobody else could read or change. */
    byte[] read(String name, int limit) throws IOException {
        Path file = path.resolve(name);
        Ownership.requireOwner(file);
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        permissions.removeAll(PosixFilePermissions.fromString("rwx------"));
        if (!permissions.isEmpty()) {
            throw new IOException(file + " can be read or written by other users (chmod 600 if nobody has)");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(limit + 1);
            if (content.length > limit) {
                throw new IOException(file + " is too large");
            }
            return content;
        }
    }

    /** Creates a file unless it exists; the existing one may belong to another process. */
    void publish(String name, byte[] content) throws IOException {
        Path file = path.resolve(name);
        Path beside = write(name, content);
        try {
            // A link, since a move would replace what another process has published, and perhaps shown, meanwhile.
            Files.createLink(file, beside);
            sync();
        } catch (FileAlreadyExistsException e) {
            if (!Files.exists(file)) {
                throw e;
            }
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /** Creates or replaces a file. */
    void replace(String name, byte[] content) throws IOException {
        Path beside = write(name, content);
        try {
            Files.move(beside, path.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            sync();
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /** Deletes a file; returns whether there was one. */
    boolean delete(String name) throws IOException {
        boolean deleted = Files.deleteIfExists(path.resolve(name));
        sync();
        return deleted;
    }

    /** An action that only one thread of one process may run at a time. */
    interface Change<T> {
        T make() throws IOException;
    }

    <T> T locked(Change<T> change) throws IOException {
        synchronized (THREADS.computeIfAbsent(path, any -> new Object())) {
            try (FileChannel channel = FileChannel.open(
                    path.resolve(LOCK),
                    EnumSet.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE),
                    NewFile.OWNER_ONLY)) {
                channel.lock();
                // Closing the channel releases the lock.
                return change.make();
            }
        }
    }

    private Path write(String name, byte[] content) throws IOException {
        Path beside = path.resolve(name + "." + UUID.randomUUID() + ".part");
        boolean written = false;
        try (FileChannel out = FileChannel.open(
                beside, EnumSet.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), NewFile.OWNER_ONLY)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
            written = true;
            return beside;
        } finally {
            if (!written) {
                Files.deleteIfExists(beside);
            }
        }
    }

    private void sync() throws IOException {
        try (FileChannel names = FileChannel.open(path, StandardOpenOption.READ)) {
            names.force(true);
        }
    }
}
