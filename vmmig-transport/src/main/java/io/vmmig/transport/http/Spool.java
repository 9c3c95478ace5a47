// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import io.vmmig.files.Ownership;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores the parts of a transfer until it is complete, also across runs of the program: a directory for its owner only, named after the
 * index, with a file for each part whose transfer has begun. The file's length shows how much has arrived. One process at a time.
 */
final class Spool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
    private static final String SUFFIX = ".vmmig-spool";
    private static final int NAME_CHARS = 32;
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{" + NAME_CHARS + "}" + Pattern.quote(SUFFIX));
    private static final int BUFFER_BYTES = 64 << 10;

    private static final String LOCK = "lock";
    /** How long a transfer may wait until it is resumed. */
    private static final Duration ABANDONED = Duration.ofDays(7);

    private static final long HEADROOM_BYTES = 1L << 30;
    private static final int HEADROOM_SHARE = 20;
    /** Another program's sweep may remove the directory before it is locked. */
    private static final int TRIES = 10;
    /**
     * The spools that this process has locked. Closing a second channel of a lock's file would release the lock, so none is opened.
     */
    private static final Set<Path> HELD = new HashSet<>();

    private final Path directory;
    private final PartIndex index;
    private final FileChannel lockFile;
    private final Space space;

    private Spool(Path directory, PartIndex index, FileChannel lockFile, Space space) {
        this.directory = directory;
        this.index = index;
        this.lockFile = lockFile;
        this.space = space;
    }

    /** The size of a directory's disk, and the free space there, in bytes. */
    interface Space {
        long total(Path directory) throws IOException;

        long usable(Path directory) throws IOException;

        Space OF_DISK = new Space() {
            @Override
            public long total(Path directory) throws IOException {
                return Files.getFileStore(directory).getTotalSpace();
            }

            @Override
            public long usable(Path directory) throws IOException {
                return Files.getFileStore(directory).getUsableSpace();
            }
        };
    }

    /**
     * Opens the spool for the parts of that index, and removes abandoned spools beside it.
     *
     * @param parent has to belong to this user, since verified parts are read from there
     */
    static Spool open(Path parent, PartIndex index) throws VmmigException {
        return open(parent, index, Space.OF_DISK);
    }

    static Spool open(Path parent, PartIndex index, Space space) throws VmmigException {
        String name = Digest.of(index.toBytes()).hex().substring(0, NAME_CHARS) + SUFFIX;
        boolean opened = false;
        @Nullable FileChannel lockFile = null;
        Path directory = parent.resolve(name);
        try {
            Files.createDirectories(parent);
            Ownership.requireOwner(parent);
            Path home = parent.toRealPath();
            directory = home.resolve(name);
            sweep(home, directory);
            lockFile = lock(directory);
            Spool spool = new Spool(directory, index, lockFile, space);
            spool.requireSpace();
            opened = true;
            return spool;
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "the spool " + directory + " cannot be used",
                    "Check that it belongs to the user who runs this program.");
        } finally {
            if (!opened && lockFile != null) {
                unlock(directory, lockFile);
            }
        }
    }

    /** Creates the directory as needed, and locks it; the lock file's time shows when it was last locked. */
    private static FileChannel lock(Path directory) throws IOException, VmmigException {
        for (int i = 0; i < TRIES; i++) {
            try {
                Files.createDirectory(
                        directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (FileAlreadyExistsException e) {
                Ownership.requireOwn(directory);
            }
            @Nullable FileChannel lockFile = tryLock(directory);
            if (lockFile == null) {
                throw new TransportException(
                        Problem.FILE_FAILED,
                        "the same is being fetched into " + directory + " already",
                        "Wait for the other to end.");
            }
            boolean named = false;
            try {
                // If another program has removed it meanwhile, the open file has no name any more.
                if (Files.exists(directory.resolve(LOCK), LinkOption.NOFOLLOW_LINKS)) {
                    Files.setLastModifiedTime(directory.resolve(LOCK), FileTime.from(Instant.now()));
                    named = true;
                    return lockFile;
                }
            } finally {
                if (!named) {
                    unlock(directory, lockFile);
                }
            }
        }
        throw new IOException("it is removed again and again");
    }

    /** Null if it is in use. */
    private static @Nullable FileChannel tryLock(Path directory) throws IOException {
        synchronized (HELD) {
            if (HELD.contains(directory)) {
                return null;
            }
            FileChannel channel = FileChannel.open(
                    directory.resolve(LOCK),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    NewFile.OWNER_ONLY);
            boolean locked = false;
            try {
                locked = channel.tryLock() != null && HELD.add(directory);
                return locked ? channel : null;
            } finally {
                if (!locked) {
                    channel.close();
                }
            }
        }
    }

    private static void unlock(Path directory, FileChannel lockFile) {
        synchronized (HELD) {
            HELD.remove(directory);
            try {
                lockFile.close();
            } catch (IOException e) {
                LOG.debug("closing failed", e);
            }
        }
    }

    /** Removes abandoned spools beside {@code ours}. */
    private static void sweep(Path home, Path ours) throws IOException {
        try (Stream<Path> entries = Files.list(home)) {
            for (Path entry : entries.toList()) {
                if (!entry.equals(ours)
                        && NAME.matcher(String.valueOf(entry.getFileName())).matches()) {
                    removeIfAbandoned(entry);
                }
            }
        }
    }

    private static void removeIfAbandoned(Path directory) {
        try {
            if (!isAbandoned(directory)) {
                return;
            }
            Ownership.requireOwn(directory);
            @Nullable FileChannel lockFile = tryLock(directory);
            if (lockFile != null) {
                try {
                    if (isAbandoned(directory)) {
                        discard(directory);
                        LOG.info("{} was removed, since nothing has resumed it for {}", directory, ABANDONED);
                    }
                } finally {
                    unlock(directory, lockFile);
                }
            }
        } catch (IOException e) {
            LOG.warn("{} is left over and may be deleted", directory, e);
        }
    }

    private static boolean isAbandoned(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        FileTime limit = FileTime.from(Instant.now().minus(ABANDONED));
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                if (Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).compareTo(limit) >= 0) {
                    return false;
                }
            }
        }
        return Files.getLastModifiedTime(directory, LinkOption.NOFOLLOW_LINKS).compareTo(limit) < 0;
    }

    private void requireSpace() throws IOException, VmmigException {
        long missing = 0;
        for (int i = 0; i < index.parts().size(); i++) {
            missing += index.size(i) - length(i);
        }
        requireSpace(missing);
    }

    /** Others may have filled the disk meanwhile. */
    void requireSpaceFor(int number) throws IOException, VmmigException {
        requireSpace(index.size(number) - length(number));
    }

    private void requireSpace(long missing) throws IOException, VmmigException {
        long headroom = Math.min(HEADROOM_BYTES, space.total(directory) / HEADROOM_SHARE);
        long free = space.usable(directory);
        if (missing > 0 && free - headroom < missing) {
            throw new TransportException(
                    Problem.DISK_FULL,
                    "there are " + (free >> 20) + " MiB free in " + directory + ", of which " + (headroom >> 20)
                            + " MiB stay free, and " + (missing >> 20) + " MiB are still to be fetched",
                    "Free some space, or choose another directory.");
        }
    }

    private Path file(int number) {
        return directory.resolve(index.name(number));
    }

    /** How much of a part is here. Removes a file that is longer than the part. */
    long length(int number) throws IOException {
        Path file = file(number);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(file);
            return 0;
        }
        long length = Files.size(file);
        if (length > index.size(number)) {
            Files.delete(file);
            return 0;
        }
        return length;
    }

    /** Appends to a part, or writes it from its start. */
    OutputStream write(int number, boolean more) throws IOException {
        Path file = file(number);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            Files.createFile(file, NewFile.OWNER_ONLY);
        }
        return new FileOutputStream(file.toFile(), more);
    }

    InputStream read(int number) throws IOException {
        return Files.newInputStream(file(number));
    }

    /** Whether a complete part has its digest; removes it otherwise. */
    boolean verify(int number) throws IOException {
        MessageDigest sha256 = Digest.newSha256();
        try (InputStream in = read(number)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                sha256.update(buffer, 0, n);
            }
        }
        boolean right = Digest.of(sha256).equals(index.parts().get(number));
        if (!right) {
            Files.delete(file(number));
        }
        return right;
    }

    /** Removes all of it. */
    void discard() {
        try {
            discard(directory);
        } catch (IOException e) {
            LOG.warn("{} is left over and may be deleted", directory, e);
        }
    }

    private static void discard(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory);
        }
    }

    @Override
    public void close() {
        unlock(directory, lockFile);
    }

    @Override
    public String toString() {
        return directory.toString();
    }
}
