// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts frames on a line, in the order in which they come and each whole, over whatever connection there is. Any thread may
 * write; one {@linkplain #tend tends} the line. None waits for a peer that does not move once the line is closed.
 */
final class LineOutput {
    private static final Logger LOG = LoggerFactory.getLogger(LineOutput.class);

    private final Line line;
    private final ReentrantLock writing = new ReentrantLock();
    private volatile long lastWrite = System.nanoTime();
    private volatile long putBegan;
    private volatile boolean isPutting;

    LineOutput(Line line) {
        this.line = line;
    }

    /** What may keep a frame from being sent. */
    @FunctionalInterface
    interface Gate {
        void pass() throws VmmigException;
    }

    /**
     * Sends a frame: the first {@code length} bytes of an array which the caller leaves alone from now on. Waits while too much
     * is under way. While there is no connection the line keeps it.
     *
     * @param gate asked when nothing else can keep the frame from leaving
     * @throws IOException when the connection is broken for good
     */
    void write(byte[] frame, int length, Gate gate) throws IOException, VmmigException {
        line.awaitRoom();
        writing.lock();
        try {
            gate.pass();
            line.keep(frame, length);
            flush();
        } finally {
            writing.unlock();
        }
    }

    private void flush() throws IOException {
        for (Line.Outgoing next = line.next(); next != null; next = line.next()) {
            put(next);
        }
    }

    private void put(Line.Outgoing what) throws IOException {
        putBegan = System.nanoTime();
        isPutting = true;
        try {
            what.to().output().write(what.bytes(), what.from(), what.length());
            what.to().output().flush();
        } catch (IOException e) {
            line.broken(what.to(), e);
        } finally {
            isPutting = false;
            lastWrite = System.nanoTime();
        }
    }

    /** Whether a peer that lives has taken nothing for that long. */
    boolean isStuckFor(Duration atLeast) {
        return isPutting && System.nanoTime() - putBegan > atLeast.toNanos() || line.isFullFor(atLeast);
    }

    /**
     * Waits until something is due, and does it: brings what a connection before has not brought, says how much has come, gives
     * a sign of life. Returns after a while in any case.
     *
     * @param heartbeat how long the peer may hear nothing
     * @throws IOException when the connection is broken for good
     */
    void tend(Duration heartbeat) throws IOException, InterruptedException {
        long interval = heartbeat.toNanos();
        // Somebody who writes gives the sign of life himself; and if he cannot, neither can we.
        if (!line.awaitDue(interval, lastWrite) || !writing.tryLock(interval / 4, TimeUnit.NANOSECONDS)) {
            return;
        }
        try {
            flush();
            Line.Outgoing sign = line.sign(interval, lastWrite);
            if (sign != null) {
                put(sign);
            }
        } finally {
            writing.unlock();
        }
    }

    /**
     * Sends the last frame of this side, and says that nothing follows, on each connection that there is until the line is
     * closed.
     *
     * @param last null if all has been said
     * @param patience how long to wait for somebody who writes
     * @param onSaid run after the first time, or if there is none
     */
    void sayLast(@Nullable Frame last, Duration patience, Runnable onSaid) throws InterruptedException {
        Runnable after = onSaid;
        boolean mayGo = keepLast(last, patience);
        for (Connection to = line.awaitOther(null); mayGo && to != null; to = line.awaitOther(to)) {
            mayGo = end(to, patience);
            after.run();
            after = () -> {};
        }
        after.run();
    }

    private boolean keepLast(@Nullable Frame last, Duration patience) throws InterruptedException {
        if (!writing.tryLock(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            return false;
        }
        try {
            if (last != null) {
                byte[] bytes = last.toBytes();
                line.keep(bytes, bytes.length);
            }
            return true;
        } finally {
            writing.unlock();
        }
    }

    private boolean end(Connection connection, Duration patience) throws InterruptedException {
        if (!writing.tryLock(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            return false;
        }
        try {
            flush();
            connection.endOutput();
        } catch (IOException e) {
            LOG.debug("could not say farewell", e);
        } finally {
            writing.unlock();
        }
        return true;
    }
}
