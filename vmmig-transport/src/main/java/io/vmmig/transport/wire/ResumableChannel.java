// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reliable channel over one connection at a time: when a connection breaks or falls silent, and both ends support it, another
 * one takes its place. This class has the state; {@link FrameInput} reads from the channel, {@link ChannelOutput} writes to it,
 * and both notice nothing but a pause when the connection changes. Thread-safe; only methods that say so wait.
 */
final class ResumableChannel {
    private static final Logger LOG = LoggerFactory.getLogger(ResumableChannel.class);
    /** Each acknowledgement wakes a thread at both ends; sending this many bytes costs thousands of times as much. */
    static final int ACKNOWLEDGED_EVERY = 1 << 20;

    private enum Mode {
        UNDECIDED,
        PLAIN,
        RESUMABLE
    }

    /** Bytes, and the connection to send them over. */
    record Outgoing(Connection to, byte[] bytes, int from, int length) {}

    private final String peer;
    private final Duration idle;
    private final @Nullable ReconnectStrategy reconnecting;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private final RetransmitBuffer window = new RetransmitBuffer();
    private final OutageTracker outages = new OutageTracker(System::nanoTime);
    private @Nullable Connection connection;
    private Mode mode;
    private boolean ending;
    private boolean closed;
    private long received;
    private long told;
    private IOException lost = new EOFException("nothing has broken yet");
    private boolean roomAwaited;
    private long roomAwaitedSince;
    private long lastAttempt;
    private Consumer<Duration> onResumed = gap -> {};

    /**
     * A channel over a connection whose preambles have been exchanged.
     *
     * @param reconnecting how this end gets another connection, or null for none
     */
    ResumableChannel(Connection first, String peer, Duration idle, @Nullable ReconnectStrategy reconnecting) {
        this.connection = first;
        this.peer = peer;
        this.idle = idle;
        this.reconnecting = reconnecting;
        this.mode = reconnecting == null ? Mode.PLAIN : Mode.UNDECIDED;
    }

    /** What the peer's HELLO says about resuming; called by the reader before it reads on. */
    void agree(@Nullable Resumption theirs) throws VmmigException {
        if (reconnecting != null && theirs != null) {
            reconnecting.agreed(theirs);
        }
        lock.lock();
        try {
            if (mode == Mode.UNDECIDED) {
                mode = theirs == null ? Mode.PLAIN : Mode.RESUMABLE;
                forgetIfPlain();
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    boolean isResumable() {
        lock.lock();
        try {
            return mode == Mode.RESUMABLE;
        } finally {
            lock.unlock();
        }
    }

    /** Called after each outage with its duration, by the thread that brought the new connection. */
    void onResumed(Consumer<Duration> listener) {
        lock.lock();
        try {
            onResumed = listener;
        } finally {
            lock.unlock();
        }
    }

    // ---- what is to be sent -----------------------------------------------------------------------------------------

    /** An array for a data frame. */
    byte[] spareFrame() {
        lock.lock();
        try {
            return window.spare();
        } finally {
            lock.unlock();
        }
    }

    /** Waits while too much is in flight; throws when this side has ended. */
    void awaitRoom() throws IOException {
        lock.lock();
        try {
            roomAwaitedSince = System.nanoTime();
            while (!window.hasRoom()) {
                if (ending || closed) {
                    throw new IOException("this side has ended");
                }
                roomAwaited = true;
                changed.awaitUninterruptibly();
            }
        } finally {
            roomAwaited = false;
            lock.unlock();
        }
    }

    /** Whether a writer has waited for at least that long for the peer to acknowledge something. */
    boolean isFullFor(Duration atLeast) {
        lock.lock();
        try {
            return roomAwaited && connection != null && System.nanoTime() - roomAwaitedSince > atLeast.toNanos();
        } finally {
            lock.unlock();
        }
    }

    /** Takes over a frame; the caller must not touch its array any more. */
    void keep(byte[] frame, int length) {
        lock.lock();
        try {
            window.add(frame, length);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The next bytes to send, which count as sent from now on; null if there are none, or no connection.
     *
     * @throws IOException when there are bytes, and the channel is closed
     */
    @Nullable
    Outgoing next() throws IOException {
        lock.lock();
        try {
            if (closed && window.hasUnsent()) {
                throw new IOException("the connection was closed");
            }
            forgetIfPlain();
            Connection to = closed ? null : connection;
            RetransmitBuffer.Part part = to == null ? null : window.next();
            return to == null || part == null ? null : new Outgoing(to, part.bytes(), part.from(), part.length());
        } finally {
            lock.unlock();
        }
    }

    private void forgetIfPlain() {
        if (mode == Mode.PLAIN) {
            window.forgetSent();
        }
    }

    /**
     * Waits until something is due, for about {@code interval}.
     *
     * @param interval how long the peer may receive nothing
     * @param lastWrite when it last received something
     * @return whether something is due
     */
    boolean awaitDue(long interval, long lastWrite) throws InterruptedException {
        lock.lock();
        try {
            if (!ending && !closed && !isDue(interval, lastWrite)) {
                long left = interval - (System.nanoTime() - lastWrite);
                changed.awaitNanos(connection == null ? interval : Math.max(left, interval / 4));
            }
            return !ending && !closed && isDue(interval, lastWrite);
        } finally {
            lock.unlock();
        }
    }

    private boolean isDue(long interval, long lastWrite) {
        return connection != null && (window.hasUnsent() || isAckDue() || System.nanoTime() - lastWrite >= interval);
    }

    private boolean isAckDue() {
        return mode == Mode.RESUMABLE && received - told >= ACKNOWLEDGED_EVERY;
    }

    /** The frame that is due: an acknowledgement if the peer needs one, otherwise a heartbeat; null if none is. */
    @Nullable
    Outgoing sign(long interval, long lastWrite) {
        lock.lock();
        try {
            Connection to = connection;
            boolean late = System.nanoTime() - lastWrite >= interval;
            if (to == null || !(late || isAckDue())) {
                return null;
            }
            Frame frame = Frame.empty(Kind.HEARTBEAT);
            if (mode == Mode.RESUMABLE && received > told) {
                frame = new Frame(Kind.ACK, Messages.ack(received));
                told = received;
            }
            byte[] bytes = frame.toBytes();
            return new Outgoing(to, bytes, 0, bytes.length);
        } finally {
            lock.unlock();
        }
    }

    // ---- what comes -------------------------------------------------------------------------------------------------

    /** The current connection; waits for one. Throws when there will be none. */
    Connection connection() throws IOException {
        while (true) {
            ReconnectStrategy mine = reconnecting;
            long since;
            lock.lock();
            try {
                if (connection != null) {
                    return connection;
                }
                if (closed || mine == null) {
                    throw new EOFException("the connection was closed");
                }
                since = outages.began();
            } finally {
                lock.unlock();
            }
            try {
                mine.await(this, since);
            } catch (VmmigException e) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }

    /** Counts bytes received over that connection; false if it has been abandoned meanwhile, so that they do not count. */
    boolean took(Connection from, int bytes) {
        lock.lock();
        try {
            if (from != connection) {
                return false;
            }
            received += bytes;
            if (isAckDue()) {
                changed.signalAll();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Handles an acknowledgement received over that connection. */
    void acknowledged(Connection from, long count) throws VmmigException {
        lock.lock();
        try {
            if (from == connection) {
                window.acknowledge(count);
                roomAwaitedSince = System.nanoTime();
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** How many bytes have been received; constant while there is no connection. */
    long received() {
        lock.lock();
        try {
            return received;
        } finally {
            lock.unlock();
        }
    }

    // ---- one connection after the other -----------------------------------------------------------------------------

    /** Abandons that connection; throws {@code why} if it was the last one. */
    void broken(Connection which, IOException why) throws IOException {
        lock.lock();
        try {
            if (closed) {
                throw why;
            }
            if (which != connection) {
                return;
            }
            if (!letGo(why)) {
                throw why;
            }
        } finally {
            lock.unlock();
        }
        which.cut();
        LOG.info("the connection with {} broke ({}); trying to resume it", peer, why.toString());
    }

    /** Gives up the current connection, so that there is none; false if it has to keep it. */
    private boolean letGo(IOException why) {
        if (mode != Mode.RESUMABLE || reconnecting == null || (ending && !hasLastWords()) || !reconnecting.suspend()) {
            return false;
        }
        connection = null;
        lost = why;
        outages.broken(moved(), reconnecting.limit());
        changed.signalAll();
        return true;
    }

    private long moved() {
        return received + window.acknowledged();
    }

    /** The error for the loss of the last connection. */
    VmmigException lost() {
        lock.lock();
        try {
            return lost instanceof SocketTimeoutException ? WireErrors.silent(peer, idle) : WireErrors.lost(peer, lost);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The peer wants to resume over another connection. Abandons the current one, if any.
     *
     * @param attempt the number of the peer's attempt; a late one does not count
     * @param theirs how many bytes it has received
     * @return how many bytes have been received here
     * @throws VmmigException when that number is impossible, or there is nothing to resume
     */
    long rejoin(long attempt, long theirs) throws VmmigException {
        Connection old;
        long count;
        lock.lock();
        try {
            old = connection;
            if (closed
                    || mode != Mode.RESUMABLE
                    || attempt <= lastAttempt
                    || (old != null && !letGo(new IOException("the peer has started another attempt")))) {
                throw WireErrors.nothingToRejoin();
            }
            lastAttempt = attempt;
            rewind(theirs);
            count = received;
        } finally {
            lock.unlock();
        }
        if (old != null) {
            old.cut();
        }
        return count;
    }

    /** The peer says how many bytes it has received, before the session resumes over another connection. */
    void rewind(long theirs) throws VmmigException {
        lock.lock();
        try {
            long again = window.rewind(theirs);
            LOG.debug("{} has {} bytes; {} are sent again", peer, theirs, again);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Resumes over another connection.
     *
     * @param attempt the one of {@link #rejoin} that brought it; 0 at the end that dialled
     * @return false if it is no longer needed
     */
    boolean resume(Connection next, long attempt) throws IOException {
        next.readTimeout(idle);
        Duration gap;
        Consumer<Duration> listener;
        lock.lock();
        try {
            if (closed || connection != null || reconnecting == null || (attempt != 0 && attempt != lastAttempt)) {
                return false;
            }
            connection = next;
            gap = outages.joined(moved());
            told = received;
            roomAwaitedSince = System.nanoTime();
            reconnecting.resumed();
            listener = onResumed;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        LOG.info("the connection with {} was resumed after {} ms", peer, gap.toMillis());
        listener.accept(gap);
        return true;
    }

    /** As {@link #awaitConnection(long, BooleanSupplier)}, without a condition. */
    boolean awaitConnection(long until) {
        return awaitConnection(until, () -> false);
    }

    /**
     * Waits for a connection or the end.
     *
     * @param until the deadline, as {@link System#nanoTime()}
     * @param hopeless ends the wait; asked now and after each {@link #wake}
     * @return false if neither has happened
     */
    boolean awaitConnection(long until, BooleanSupplier hopeless) {
        lock.lock();
        try {
            while (connection == null && !closed) {
                long left = until - System.nanoTime();
                if (left <= 0 || hopeless.getAsBoolean()) {
                    return false;
                }
                changed.awaitNanos(left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there is a connection, or there will be none. */
    void awaitConnected() {
        lock.lock();
        try {
            while (connection == null && !closed && !ending) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Makes waiting threads check again. */
    void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a connection other than that one; null when the channel is closed. */
    @Nullable
    Connection awaitOther(@Nullable Connection than) throws InterruptedException {
        lock.lock();
        try {
            while (!closed && (connection == null || connection == than)) {
                changed.await();
            }
            return closed ? null : connection;
        } finally {
            lock.unlock();
        }
    }

    /** Whether there is no connection now, although the channel is open. */
    boolean isDown() {
        lock.lock();
        try {
            return connection == null && !closed;
        } finally {
            lock.unlock();
        }
    }

    // ---- the end ----------------------------------------------------------------------------------------------------

    /** Ends all waits of writers. */
    void beginEnd() {
        lock.lock();
        try {
            ending = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Reads and drops what still arrives until the peer ends its direction; false if the connection was lost before. */
    boolean drain() {
        byte[] ignored = new byte[16 << 10];
        while (true) {
            try {
                Connection from = connection();
                try {
                    while (from.input().read(ignored) >= 0) {
                        continue;
                    }
                    return true;
                } catch (IOException e) {
                    if (!hasLastWords()) {
                        throw e;
                    }
                    broken(from, e);
                }
            } catch (IOException e) {
                LOG.trace("{}: drained", peer, e);
                return false;
            }
        }
    }

    /** Whether the peer may reconnect to learn how the session ended. */
    private boolean hasLastWords() {
        lock.lock();
        try {
            return mode == Mode.RESUMABLE && reconnecting != null && reconnecting.keepsLastWords() && !window.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The peer has had time to receive the end. If it has not, and may reconnect for it, the channel stays open as long as after
     * any other outage.
     *
     * @return whether it stays
     */
    boolean staysForLastWords() {
        Connection silent;
        lock.lock();
        try {
            silent = connection;
            if (closed
                    || !hasLastWords()
                    || (silent != null && !letGo(new IOException("it did not receive the end")))) {
                return false;
            }
        } finally {
            lock.unlock();
        }
        if (silent != null) {
            silent.cut();
        }
        return true;
    }

    /** Closes it for good, whatever thread uses it. Idempotent. */
    void close() {
        Connection last;
        lock.lock();
        try {
            closed = true;
            last = connection;
            connection = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (last != null) {
            last.cut();
        }
        if (reconnecting != null) {
            reconnecting.close();
        }
    }
}
