// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;

/** A fresh directory that only this user (and root) can enter, because what passes through it is a guest's memory. */
public final class WorkDirectory implements AutoCloseable {
    private final Path path;

    private WorkDirectory(Path path) {
        this.path = path;
    }

    /** Makes one inside {@code parent}. */
    public static WorkDirectory in(Path parent) throws IOException {
        return new WorkDirectory(Files.createTempDirectory(
                parent, "vmmig", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))));
    }

    /** The path of a file in it, which need not exist. */
    public Path file(String name) {
        return path.resolve(name);
    }

    /** Removes the directory with the files in it. Idempotent. */
    @Override
    public void close() throws IOException {
        List<Path> files;
        try (Stream<Path> listed = Files.list(path)) {
            files = listed.toList();
        } catch (NoSuchFileException e) {
            return;
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
        Files.deleteIfExists(path);
    }
}
