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
 * A new directory that only this user (and root) can enter, because a guest's memory passes through it. It is locked while in
 * use, and the kernel releases the lock with the process: so leftovers of a crash can be told from directories in use.
 */
public final class WorkDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkDirectory.class);
    private static final String PREFIX = "vmmig-memory-";
    /** An attempt fails if a {@link #sweep} removes the directory between its creation and its lock. */
    private static final int TRIES = 10;

    private final Path path;
    private final Descriptor lock;

    private WorkDirectory(Path path, Descriptor lock) {
        this.path = path;
        this.lock = lock;
    }

    /** Creates one inside {@code parent}. */
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
        throw new IOException("cannot create a directory in " + parent);
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
     * Removes FIFOs, and their directories, that ended processes of this user have left in {@code parent}. Unblocks processes
     * that wait in opening one of them. Directories with other content stay: a save image may be all that is left of a guest.
     */
    public static void sweep(Path parent) {
        try (Stream<Path> entries = Files.list(parent)) {
            entries.filter(entry -> entry.getFileName().toString().startsWith(PREFIX))
                    .forEach(WorkDirectory::removeIfDead);
        } catch (IOException | java.io.UncheckedIOException e) {
            LOG.warn("cannot look for leftovers of a crash in {}", parent, e);
        }
    }

    private static void removeIfDead(Path path) {
        try {
            // Once it is ours, nobody else can replace it by a link; otherwise FIFOs in use would be at risk as well.
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
            LOG.warn("cannot remove {}, a leftover of a crash", path, e);
        }
    }

    private static void removeFifos(Path path) throws IOException {
        List<Path> files = list(path);
        for (Path file : files) {
            // Only FIFOs, sockets and devices are "other"; and no other user can put anything here.
            if (!Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isOther()) {
                LOG.warn("{} was left by a crash; it stays, since it may contain a guest", path);
                return;
            }
        }
        for (Path file : files) {
            Fifo.remove(file);
        }
        Files.deleteIfExists(path);
        LOG.info("removed {}, a leftover of a crash", path);
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
