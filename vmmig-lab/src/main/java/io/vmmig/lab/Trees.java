// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Directory trees. */
public final class Trees {
    private Trees() {}

    /** Removes a directory; fine if there is none. */
    public static void delete(Path root) {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            List<Path> paths = walk(root);
            for (int i = paths.size() - 1; i >= 0; i--) {
                Files.deleteIfExists(paths.get(i));
            }
        } catch (IOException e) {
            throw new LabException("could not remove " + root, e);
        }
    }

    /** Copies the files of a flat directory into another one, which is made. */
    public static void copyFlat(Path from, Path to) {
        try {
            Files.createDirectories(to);
            for (Path file : list(from)) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        } catch (IOException e) {
            throw new LabException("could not copy " + from + " to " + to, e);
        }
    }

    /** The regular files below a directory, at any depth. Files that vanish meanwhile are skipped. */
    public static List<Path> files(Path root) {
        return Files.isDirectory(root)
                ? walk(root).stream().filter(Files::isRegularFile).toList()
                : List.of();
    }

    /** Everything below a directory, at any depth and of any type. What vanishes meanwhile is skipped. */
    public static List<Path> everything(Path root) {
        return Files.isDirectory(root)
                ? walk(root).stream().filter(path -> !path.equals(root)).toList()
                : List.of();
    }

    /** The entries of a directory, which need not exist. */
    public static List<Path> list(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new LabException("could not list " + directory, e);
        }
    }

    /** All paths below and including the root, parents first. Paths that vanish meanwhile are skipped. */
    private static List<Path> walk(Path root) {
        List<Path> found = new ArrayList<>();
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                    found.add(directory);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    found.add(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) {
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) {
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new LabException("could not look through " + root, e);
        }
        return found;
    }
}
