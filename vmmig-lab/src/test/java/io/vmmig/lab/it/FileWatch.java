// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import io.vmmig.lab.Await;
import io.vmmig.lab.Trees;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Looks all the time how large the files in some places become that were not there before. */
final class FileWatch implements AutoCloseable {
    private static final List<Path> TEMPORARY = List.of(Path.of("/tmp"), Path.of("/var/tmp"), Path.of("/dev/shm"));

    private final Path root;
    private final Map<Path, Long> before;
    private final Map<Path, Long> largest = new ConcurrentHashMap<>();
    private final Thread watcher = new Thread(this::watch, "file-watch");
    private volatile boolean stopped;
    private int rounds;

    /** Watches all below the root, and the files directly in the directories for temporary files. */
    FileWatch(Path root) {
        this.root = root;
        this.before = new ConcurrentHashMap<>();
        paths().forEach(path -> before.put(path, path.toFile().length()));
        watcher.start();
    }

    private Stream<Path> paths() {
        return Stream.concat(Trees.files(root).stream(), TEMPORARY.stream().flatMap(t -> Trees.list(t).stream()))
                .filter(path -> path.toFile().isFile());
    }

    private void watch() {
        Await.until("the end of the test", Duration.ofHours(1), () -> {
            paths().forEach(path -> {
                long growth = path.toFile().length() - before.getOrDefault(path, 0L);
                largest.merge(path, growth, Math::max);
            });
            rounds++;
            return stopped;
        });
    }

    /** Files that have grown by at least so many bytes. */
    List<Path> grownBy(long bytes) {
        return largest.entrySet().stream()
                .filter(entry -> entry.getValue() >= bytes)
                .map(Map.Entry::getKey)
                .toList();
    }

    /** How often it has looked. */
    int rounds() {
        return rounds;
    }

    @Override
    public void close() {
        stopped = true;
        try {
            watcher.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
