// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A fresh directory that only this user (and root) can enter, because what passes through it is a guest's memory. It is locked as
 * long as it is in use, which the kernel ends with the process: so what a crash has left can be told from what is in use.
 */
public final class WorkDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkDirectory.class);
    private static final String PREFIX = "vmmig-memory-";
    /** Each try but the last has lost its directory to a {@link #sweep} that came between its making and its locking. */
    private static final int TRIES = 10;

    private final Path path;
    private final Descriptor lock;

    private WorkDirectory(Path path, Descriptor lock) {
        this.path = path;
        this.lock = lock;
    }

    /** Makes one inside {@code parent}. */
    public static WorkDirectory in(Path parent) throws IOException {
        for (int i = 0; i < TRIES; i++) {
            Path path = Files.createTempDirectory(
                    parent, PREFIX, PosixFilePermissions.asFileAttribute(OwnDirectory.OWNER_ONLY));
            Descriptor lock;
            try {
                lock = open(path);
            } catch (NoSuchFileException e) {
                continue;
            }
            boolean kept = false;
            try {
                kept = lock.tryLock() && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
            } finally {
                if (!kept) {
                    lock.close();
                }
            }
            if (kept) {
                return new WorkDirectory(path, lock);
            }
        }
        throw new IOException("cannot keep a directory in " + parent);
    }

    private static Descriptor open(Path directory) throws IOException {
        try {
            return Descriptor.open(directory.toString(), LibC.O_RDONLY | LibC.O_NONBLOCK);
        } catch (IOException e) {
            if (Files.notExists(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw new NoSuchFileException(directory.toString());
            }
            throw e;
        }
    }

    /**
     * Removes the FIFOs, and their directories, that processes of this user have left in {@code parent} which are no more. Whoever
     * hangs in opening one of them is freed. Directories that hold anything else stay: a save image may be all that is left of a guest.
     */
    public static void sweep(Path parent) {
        try (Stream<Path> entries = Files.list(parent)) {
            entries.filter(entry -> entry.getFileName().toString().startsWith(PREFIX))
                    .forEach(WorkDirectory::removeIfDead);
        } catch (IOException | java.io.UncheckedIOException e) {
            LOG.warn("cannot look for what a crash has left in {}", parent, e);
        }
    }

    private static void removeIfDead(Path path) {
        try {
            // Once it is ours, nobody else can put a link in its place: whoever could could do as much to a FIFO in
            // use.
            if (OwnDirectory.isPrivate(path)) {
                try (Descriptor lock = open(path)) {
                    if (lock.tryLock()) {
                        removeFifos(path);
                    }
                }
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} has just gone", path, e);
        } catch (IOException e) {
            LOG.warn("cannot remove {}, which a crash has left", path, e);
        }
    }

    private static void removeFifos(Path path) throws IOException {
        List<Path> files = list(path);
        for (Path file : files) {
            // Nothing but FIFOs, sockets and devices is "other"; and nobody else can put anything here.
            if (!Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isOther()) {
                LOG.warn("{} was left by a crash, and is kept: it may hold a guest", path);
                return;
            }
        }
        for (Path file : files) {
            Fifo.remove(file);
        }
        Files.deleteIfExists(path);
        LOG.info("removed {}, which a crash had left", path);
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> listed = Files.list(directory)) {
            return listed.toList();
        }
    }

    /** The path of a file in it, which need not exist. */
    public Path file(String name) {
        return path.resolve(name);
    }

    /** Removes the directory with the files in it. Idempotent. */
    @Override
    public synchronized void close() throws IOException {
        try {
            for (Path file : list(path)) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(path);
        } catch (NoSuchFileException e) {
            LOG.debug("{} is gone already", path, e);
        } finally {
            lock.close();
        }
    }
}
