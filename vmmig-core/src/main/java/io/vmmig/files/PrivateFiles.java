// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files for their owner only, written under a temporary name and then renamed, and the leftovers of unfinished ones. */
public final class PrivateFiles {
    private static final Logger LOG = LoggerFactory.getLogger(PrivateFiles.class);
    private static final Duration ABANDONED = Duration.ofDays(1);

    private PrivateFiles() {}

    /** Creates a directory for its owner only, unless it exists. */
    public static void makeDirectory(Path directory) throws IOException {
        makeDirectory(directory, "rwx------");
    }

    /** Creates a directory with these permissions; an existing one keeps its own. */
    public static void makeDirectory(Path directory, String permissions) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions)));
        }
    }

    /** Creates an empty file whose name begins with {@code prefix}. */
    public static Path create(Path directory, String prefix) throws IOException {
        return Files.createFile(directory.resolve(unfinishedName(prefix)), NewFile.OWNER_ONLY);
    }

    /** Atomically replaces the content of a small file; the temporary file's name begins with {@code prefix}. */
    public static void replace(Path file, byte[] content, String prefix) throws IOException {
        try (NewFile replacement = NewFile.create(file.resolveSibling(unfinishedName(prefix)))) {
            replacement.write(ByteBuffer.wrap(content), 0);
            replacement.finishAs(file);
        }
    }

    /** The entries of a directory, sorted by name. */
    public static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** An unused name for an unfinished file. It identifies the file's maker. */
    public static String unfinishedName(String prefix) {
        return prefix + Maker.OURS.map(maker -> maker + "-").orElse("") + UUID.randomUUID();
    }

    /**
     * Removes unfinished files: those whose process has ended, and, if that is unknown, those that have not changed for a day.
     */
    public static void sweep(Path directory, String prefix) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        for (Path entry : list(directory)) {
            String name = entry.getFileName().toString();
            if (name.startsWith(prefix)) {
                deleteIfOlder(entry, Maker.isNoMore(name) ? Duration.ZERO : ABANDONED);
            }
        }
    }

    /** Removes a file that has not changed for that long. */
    public static void deleteIfOlder(Path file, Duration age) throws IOException {
        try {
            FileTime limit = FileTime.from(Instant.now().minus(age));
            if (Files.getLastModifiedTime(file).compareTo(limit) < 0) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} was removed meanwhile", file);
        }
    }

    /** Removes a file; logs a failure. */
    public static void deleteOrWarn(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("{} could not be removed", file, e);
        }
    }
}
