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

/** Giving names to files so that a crash leaves either the old or the new, and never half of it. */
class Names {
    static final Names ON_DISK = new Names();

    static Path directoryOf(Path file) {
        return Objects.requireNonNull(file.getParent());
    }

    /**
     * Gives {@code part} the name {@code file}, which nobody has yet.
     *
     * @throws FileAlreadyExistsException when somebody has
     */
    void publish(Path part, Path file) throws IOException {
        try {
            Files.createLink(file, part);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (FileSystemException | UnsupportedOperationException e) {
            // No hard links here, as on FAT: an empty file of ours holds the name until it is replaced.
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

    /** Gives {@code part} the name {@code file}, whoever has it now. */
    void replace(Path part, Path file) throws IOException {
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Makes the names in {@code directory} outlive a power cut. An interrupt does not keep it from that. */
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
