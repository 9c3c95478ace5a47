// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileIdentity;
import io.vmmig.files.PrivateFiles;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.qcow2.BackingNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;

/**
 * The files that the other guests of this host need, whether they run or are only defined: the paths in their XML, and the backing files in
 * the headers of their images. Files are compared by inode, so links do not matter.
 */
final class FilesInUse {
    /** For one guest: a chain has at most 64 images, and each snapshot may name all of them. */
    private static final int MAX_IMAGES = 100_000;

    private final Map<FileIdentity, String> users = new HashMap<>();
    /** Paths of files that do not exist, or not yet. */
    private final Map<Path, String> names = new HashMap<>();

    private FilesInUse() {}

    /**
     * Inspects all guests but one.
     *
     * @throws VmmigException when one of them cannot be inspected
     */
    static FilesInUse besides(UUID guest, Hypervisor hypervisor) throws VmmigException {
        FilesInUse found = new FilesInUse();
        for (Hypervisor.FileInUse named : hypervisor.filesInUse(guest)) {
            try {
                found.add(named.path(), "guest " + named.guest());
            } catch (IOException e) {
                throw VmmigException.from(
                        e,
                        Problem.FILE_FAILED,
                        "guest " + named.guest() + " names " + named.path() + ", which could not be inspected",
                        "Check its permissions.");
            }
        }
        return found;
    }

    /** Adds the images in this directory, even if no guest names them, except {@code leaving}. */
    void addImagesIn(Path directory, Set<Path> leaving) throws IOException {
        for (Path file : PrivateFiles.list(directory)) {
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && !leaving.contains(file)) {
                for (Path below : BackingNames.in(file)) {
                    add(below, "the image " + file);
                }
            }
        }
    }

    private void add(Path path, String user) throws IOException {
        Queue<Path> left = new ArrayDeque<>();
        left.add(path.normalize());
        for (Path file = left.poll(); file != null; file = left.poll()) {
            names.putIfAbsent(file, user);
            Optional<FileIdentity> identity = identity(file);
            if (identity.isPresent() && users.putIfAbsent(identity.get(), user) == null) {
                if (users.size() > MAX_IMAGES) {
                    throw new IOException("it has too many backing files");
                }
                left.addAll(BackingNames.in(file));
            }
        }
    }

    private static Optional<FileIdentity> identity(Path file) throws IOException {
        try {
            return Optional.of(FileIdentity.followed(file));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** The guest that uses this file, in words; empty if none does. */
    Optional<String> userOfFile(Path file) throws IOException {
        String user = names.get(file.toAbsolutePath().normalize());
        return user != null ? Optional.of(user) : identity(file).map(users::get);
    }

    /** The guest that needs this file or a directory above it, in words; empty if none does. */
    Optional<String> userOf(Path file) throws IOException {
        Path absolute = file.toAbsolutePath().normalize();
        String user = names.get(absolute);
        if (user == null && Files.exists(absolute, LinkOption.NOFOLLOW_LINKS)) {
            user = users.get(FileIdentity.of(absolute));
            Path parent = absolute.getParent();
            Path directory = user != null || parent == null ? null : parent.toRealPath();
            while (user == null && directory != null) {
                user = users.get(FileIdentity.of(directory));
                directory = directory.getParent();
            }
        }
        return Optional.ofNullable(user);
    }
}
