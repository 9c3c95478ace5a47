// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.guest;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;

/**
 * The file that a guest's serial port writes to.
 *
 * @param file the file, which need not exist yet
 * @param start where in it the guest's own output begins, since a guest that returns appends to what it once left
 */
public record Console(Path file, long start) {
    /** The file from here on. */
    public static Console from(Path file) {
        try {
            return new Console(file, Files.exists(file) ? Files.size(file) : 0);
        } catch (IOException e) {
            throw new LabException("could not read " + file, e);
        }
    }

    /** What the guest has printed so far. */
    public byte[] bytes() {
        if (!Files.exists(file)) {
            return new byte[0];
        }
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            byte[] bytes = new byte[(int) Math.max(0, in.length() - start)];
            in.seek(start);
            in.readFully(bytes);
            return bytes;
        } catch (IOException e) {
            throw new LabException("could not read " + file, e);
        }
    }

    /** The same, read. */
    public ConsoleLog log() {
        return ConsoleLog.of(List.of(bytes()));
    }

    /** Waits until the guest has printed what is wanted. */
    public void await(String what, Duration atMost, Predicate<ConsoleLog> wanted) {
        Await.until(what + " on " + file, atMost, () -> wanted.test(log()));
    }

    /** Waits until the guest has ticked that many times more. */
    public void awaitTicks(int more, Duration atMost) {
        long before = log().lastTick();
        await(more + " more ticks after tick " + before, atMost, log -> log.lastTick() >= before + more);
    }
}
