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
 * Writes frames to a channel, in order and each complete, over whatever connection there is. Any thread may write; one
 * {@linkplain #tend tends} the channel. Closing the channel ends every wait for the peer.
 */
final class ChannelOutput {
    private static final Logger LOG = LoggerFactory.getLogger(ChannelOutput.class);

    private final ResumableChannel channel;
    private final ReentrantLock writing = new ReentrantLock();
    private volatile long lastWrite = System.nanoTime();
    private volatile long putBegan;
    private volatile boolean isPutting;

    ChannelOutput(ResumableChannel channel) {
        this.channel = channel;
    }

    /** May prevent a frame from being sent. */
    @FunctionalInterface
    interface Gate {
        void pass() throws VmmigException;
    }

    /**
     * Sends a frame: the first {@code length} bytes of an array that the caller must not touch any more. Waits while too much is
     * in flight. While there is no connection, the channel keeps the frame.
     *
     * @param gate called when nothing else can prevent the frame from being sent
     * @throws IOException when the connection is broken for good
     */
    void write(byte[] frame, int length, Gate gate) throws IOException, VmmigException {
        channel.awaitRoom();
        writing.lock();
        try {
            gate.pass();
            channel.keep(frame, length);
            flush();
        } finally {
            writing.unlock();
        }
    }

    private void flush() throws IOException {
        for (ResumableChannel.Outgoing next = channel.next(); next != null; next = channel.next()) {
            put(next);
        }
    }

    private void put(ResumableChannel.Outgoing what) throws IOException {
        putBegan = System.nanoTime();
        isPutting = true;
        try {
            what.to().output().write(what.bytes(), what.from(), what.length());
            what.to().output().flush();
        } catch (IOException e) {
            channel.broken(what.to(), e);
        } finally {
            isPutting = false;
            lastWrite = System.nanoTime();
        }
    }

    /** Whether a live peer has received nothing for that long. */
    boolean isStuckFor(Duration atLeast) {
        return isPutting && System.nanoTime() - putBegan > atLeast.toNanos() || channel.isFullFor(atLeast);
    }

    /**
     * Waits until something is due, and does it: resends what the previous connection did not deliver, acknowledges, sends a
     * heartbeat. Returns after a while in any case.
     *
     * @param heartbeat how long the peer may receive nothing
     * @throws IOException when the connection is broken for good
     */
    void tend(Duration heartbeat) throws IOException, InterruptedException {
        long interval = heartbeat.toNanos();
        // A thread that writes replaces the heartbeat; and if it is stuck, so would this one be.
        if (!channel.awaitDue(interval, lastWrite) || !writing.tryLock(interval / 4, TimeUnit.NANOSECONDS)) {
            return;
        }
        try {
            flush();
            ResumableChannel.Outgoing sign = channel.sign(interval, lastWrite);
            if (sign != null) {
                put(sign);
            }
        } finally {
            writing.unlock();
        }
    }

    /**
     * Sends the last frame of this side and ends this direction, on each connection until the channel is closed.
     *
     * @param last null for none
     * @param patience how long to wait for a thread that writes
     * @param onSaid run after the first time, or at once if there is no frame
     */
    void sayLast(@Nullable Frame last, Duration patience, Runnable onSaid) throws InterruptedException {
        Runnable after = onSaid;
        boolean mayGo = keepLast(last, patience);
        for (Connection to = channel.awaitOther(null); mayGo && to != null; to = channel.awaitOther(to)) {
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
                channel.keep(bytes, bytes.length);
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
            LOG.debug("could not send the last frame", e);
        } finally {
            writing.unlock();
        }
        return true;
    }
}
