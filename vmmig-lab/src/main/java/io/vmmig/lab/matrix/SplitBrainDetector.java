// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.matrix;

import io.vmmig.lab.Trees;
import io.vmmig.lab.host.LabHost;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** Watches what a guest prints at both ends, and so detects that it runs at the source after it has run at the destination. */
public final class SplitBrainDetector implements AutoCloseable {
    private static final long GLANCE_NANOS = 5_000_000;

    private final String guest;
    private final Path source;
    private final LabHost destination;
    private final Map<Path, Long> before = new HashMap<>();
    private final Thread thread = new Thread(this::watch, "split-brain-detector");
    private long sourceSize;
    private volatile boolean ranThere;
    private volatile boolean ranHereAgain;
    private volatile boolean over;

    /** @param source the guest's console at the source */
    public SplitBrainDetector(String guest, Path source, LabHost destination) {
        this.guest = guest;
        this.source = source;
        this.destination = destination;
        logs().forEach(log -> before.put(log, size(log)));
        sourceSize = size(source);
        thread.setDaemon(true);
        thread.start();
    }

    private List<Path> logs() {
        return Trees.files(destination.guestsDirectory().resolve(guest)).stream()
                .filter(file -> file.getFileName().toString().endsWith(".log"))
                .toList();
    }

    /** The size of a removed log is 0. */
    private static long size(Path file) {
        return file.toFile().length();
    }

    private void watch() {
        while (!over) {
            // The source first: what it has printed so far precedes the output at the destination.
            long now = size(source);
            if (ranThere && now > sourceSize) {
                ranHereAgain = true;
            }
            sourceSize = Math.max(now, sourceSize);
            if (logs().stream().anyMatch(log -> size(log) > before.getOrDefault(log, 0L))) {
                ranThere = true;
            }
            LockSupport.parkNanos(GLANCE_NANOS);
        }
    }

    /** Whether the guest has printed anything at the destination. */
    public boolean ranThere() {
        return ranThere;
    }

    /** Whether the guest has printed anything at the source after that. */
    public boolean ranTwice() {
        return ranHereAgain;
    }

    @Override
    public void close() {
        over = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
