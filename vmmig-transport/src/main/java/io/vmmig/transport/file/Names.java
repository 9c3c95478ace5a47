// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/** Renames files so that a crash leaves either the old file or the new one. */
class Names {
    static final Names ON_DISK = new Names();

    static Path directoryOf(Path file) {
        return Objects.requireNonNull(file.getParent());
    }

    /**
     * Renames {@code part} to {@code file}.
     *
     * @throws FileAlreadyExistsException when that exists
     */
    void publish(Path part, Path file) throws IOException {
        try {
            Files.createLink(file, part);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (FileSystemException | UnsupportedOperationException e) {
            // No hard links, as on FAT: an empty file reserves the name until it is replaced.
            Files.createFile(file);
            try {
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException moving) {
                if (Files.exists(part)) {
                    Files.deleteIfExists(file);
                }
                throw moving;
            }
        }
    }

    /** Renames {@code part} to {@code file}, replacing an existing one. */
    void replace(Path part, Path file) throws IOException {
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Makes the names in {@code directory} survive a power cut. Uninterruptible. */
    void sync(Path directory) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (!syncOnce(directory)) {
                interrupted |= Thread.interrupted();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static boolean syncOnce(Path directory) throws IOException {
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
            return true;
        } catch (ClosedByInterruptException e) {
            return false;
        }
    }
}
