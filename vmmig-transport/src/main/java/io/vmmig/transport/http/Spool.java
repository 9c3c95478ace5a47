// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.Digest;
import io.vmmig.Problem;
import io.vmmig.TransportException;
import io.vmmig.VmmigException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where what comes is kept until it is whole, also from one run of the program to the next: a directory for its owner only, named
 * after the index, with a file for each part that has begun to come. How long such a file is tells how much has come. One
 * process at a time.
 */
final class Spool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
    private static final String SUFFIX = ".vmmig-spool";
    private static final int BUFFER_BYTES = 64 << 10;

    private final Path directory;
    private final PartIndex index;
    private final FileChannel lockFile;

    private Spool(Path directory, PartIndex index, FileChannel lockFile) {
        this.directory = directory;
        this.index = index;
        this.lockFile = lockFile;
    }

    static Spool open(Path parent, PartIndex index) throws VmmigException {
        MessageDigest sha256 = Digest.newSha256();
        sha256.update(index.toBytes());
        Path directory = parent.resolve(Digest.of(sha256).hex().substring(0, 32) + SUFFIX);
        try {
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectories(parent);
                Files.createDirectory(
                        directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            FileChannel lockFile = FileChannel.open(
                    directory.resolve("lock"),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            if (!locked(lockFile)) {
                lockFile.close();
                throw new TransportException(
                        Problem.FILE_FAILED,
                        "the same is being fetched into " + directory + " already",
                        "Wait for the other to end.");
            }
            Spool spool = new Spool(directory, index, lockFile);
            spool.requireSpace();
            return spool;
        } catch (IOException e) {
            throw VmmigException.from(
                    e, Problem.FILE_FAILED, "the spool " + directory + " cannot be used", "Check its permissions.");
        }
    }

    private static boolean locked(FileChannel file) throws IOException {
        try {
            FileLock lock = file.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private void requireSpace() throws IOException, VmmigException {
        long missing = 0;
        for (int i = 0; i < index.parts().size(); i++) {
            missing += index.size(i) - length(i);
        }
        long free = Files.getFileStore(directory).getUsableSpace();
        if (free < missing) {
            lockFile.close();
            throw new TransportException(
                    Problem.DISK_FULL,
                    "there are " + (free >> 20) + " MiB free in " + directory + ", and " + (missing >> 20)
                            + " MiB are to come",
                    "Free some space, or choose another directory.");
        }
    }

    private Path file(int number) {
        return directory.resolve(index.name(number));
    }

    /** How much of a part is here. A file that is longer than the part goes. */
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

    /** Takes more of a part, or all of it anew. */
    OutputStream write(int number, boolean more) throws IOException {
        Path file = file(number);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        return new FileOutputStream(file.toFile(), more);
    }

    InputStream read(int number) throws IOException {
        return Files.newInputStream(file(number));
    }

    /** Whether a whole part is what it should be; what is not, goes. */
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
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            LOG.warn("{} is left over and may be deleted", directory, e);
        }
    }

    @Override
    public void close() {
        try {
            lockFile.close();
        } catch (IOException e) {
            LOG.debug("closing failed", e);
        }
    }

    @Override
    public String toString() {
        return directory.toString();
    }
}
