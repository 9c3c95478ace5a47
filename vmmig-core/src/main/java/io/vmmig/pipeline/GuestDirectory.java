// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.IncompatibleException;
import io.vmmig.Problem;
import io.vmmig.TransportException;
import io.vmmig.VmmigException;
import io.vmmig.handover.ArrivalJournal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory in which the destination keeps what it made for one guest. A list inside it says which files those are, so
 * that they, and no others, are removed when the guest moves on.
 */
final class GuestDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(GuestDirectory.class);
    private static final String LIST = ".vmmig-files";
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]{0,127}");
    /** QEMU often runs as a user of its own: it has to pass through, though not to look around. */
    private static final FileAttribute<?> PASSABLE_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x"));

    private static final FileAttribute<?> PRIVATE_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path path;

    private GuestDirectory(Path path) {
        this.path = path;
    }

    /** Where a guest of that name has its files; nothing is made yet. */
    static GuestDirectory of(Path guests, String guestName) throws VmmigException {
        if (!PLAIN_NAME.matcher(guestName).matches()) {
            throw new IncompatibleException(
                    Problem.REQUEST_INVALID,
                    "the guest's name, \"" + guestName + "\", cannot name a directory",
                    "Give it a plain name at the destination.");
        }
        return new GuestDirectory(guests.toAbsolutePath().normalize().resolve(guestName));
    }

    Path path() {
        return path;
    }

    /** Refuses when one of the files that are to be made is there already. */
    static void requireFree(List<Path> files) throws IncompatibleException {
        for (Path file : files) {
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new IncompatibleException(
                        Problem.DISK_IN_USE,
                        "the destination already has a file " + file,
                        "Move it away if no guest needs it, or receive the guest under another name or path.");
            }
        }
    }

    /** Looks at the directory before anything is made in it. */
    Occupied occupying(List<Path> files) throws VmmigException {
        try {
            boolean existed = Files.isDirectory(path);
            return new Occupied(existed, existed ? entries(path) : Set.of(), List.copyOf(files));
        } catch (IOException e) {
            throw failed("could not look into the directory " + path, e);
        }
    }

    /** The directory as it was occupied earlier, perhaps by a process that is no more. */
    static Occupied occupied(ArrivalJournal.Facts facts) {
        return new GuestDirectory(facts.directory())
        .new Occupied(facts.directoryExisted(), Set.copyOf(facts.before()), facts.files());
    }

    private void writeList(List<Path> files) throws IOException {
        Path temporary = Files.createTempFile(path, LIST, ".tmp", PRIVATE_FILE);
        Files.write(temporary, files.stream().map(Path::toString).toList());
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(temporary, path.resolve(LIST), StandardCopyOption.ATOMIC_MOVE);
    }

    private static Set<Path> entries(Path directory) throws IOException {
        try (Stream<Path> stream = Files.list(directory)) {
            return new HashSet<>(stream.toList());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** The directory, while a guest is being made in it. */
    final class Occupied {
        private final boolean existed;
        private final Set<Path> before;
        private final List<Path> files;

        private Occupied(boolean existed, Set<Path> before, List<Path> files) {
            this.existed = existed;
            this.before = before;
            this.files = files;
        }

        boolean existed() {
            return existed;
        }

        List<Path> before() {
            return before.stream().sorted().toList();
        }

        List<Path> files() {
            return files;
        }

        /** Makes the directory if need be, and notes which files will be made. */
        void make() throws VmmigException {
            try {
                Files.createDirectories(path.getParent());
                if (!existed) {
                    Files.createDirectory(path, PASSABLE_DIRECTORY);
                }
                if (!files.isEmpty()) {
                    writeList(files);
                }
            } catch (IOException e) {
                throw failed("could not make the directory " + path, e);
            }
        }

        /** Removes all that has come since, whoever made it: QEMU's logs and sockets too. */
        void discard() {
            try {
                for (Path file : files) {
                    Files.deleteIfExists(file);
                }
                if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    return;
                }
                for (Path entry : entries(path)) {
                    if (!before.contains(entry) || entry.endsWith(LIST)) {
                        deleteTree(entry);
                    }
                }
                if (!existed) {
                    Files.deleteIfExists(path);
                }
            } catch (IOException e) {
                LOG.warn("could not remove all of {}", path, e);
            }
        }
    }

    private static void deleteTree(Path root) throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Removes those of a departed guest's files that vmmig itself had made on this host. */
    static void removeDeparted(Set<Path> files) {
        Set<Path> directories = new HashSet<>();
        files.forEach(file -> directories.add(file.toAbsolutePath().normalize().getParent()));
        for (Path directory : directories) {
            Path list = directory.resolve(LIST);
            if (Files.isRegularFile(list, LinkOption.NOFOLLOW_LINKS)) {
                removeListed(directory, list, files);
            }
        }
    }

    private static void removeListed(Path directory, Path list, Set<Path> departed) {
        try {
            List<Path> listed = Files.readAllLines(list).stream().map(Path::of).toList();
            if (listed.stream().noneMatch(departed::contains)) {
                return;
            }
            for (Path file : listed) {
                Files.deleteIfExists(file);
            }
            removeDeadSockets(directory);
            Files.delete(list);
            if (entries(directory).isEmpty()) {
                Files.delete(directory);
            }
        } catch (IOException e) {
            LOG.warn("could not remove the departed guest's files in {}", directory, e);
        }
    }

    /** QEMU removes its sockets, unless it is killed, or its host loses its power. */
    private static void removeDeadSockets(Path directory) throws IOException {
        for (Path entry : entries(directory)) {
            if (entry.toString().endsWith(".sock")
                    && Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                            .isOther()
                    && isDead(entry)) {
                Files.deleteIfExists(entry);
            }
        }
    }

    private static boolean isDead(Path socket) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.configureBlocking(false);
            channel.connect(UnixDomainSocketAddress.of(socket));
            return false;
        } catch (ConnectException e) {
            return true;
        } catch (SocketException e) {
            LOG.debug("{} may be in use", socket, e);
            return false;
        }
    }

    private static TransportException failed(String what, IOException e) {
        return new TransportException(
                Problem.FILE_FAILED, what + ": " + e.getMessage(), "Check the path and its permissions.", e);
    }
}
