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
 * What a link speaks over: a connection, and, if both ends can, another one when that has broken or fallen silent. This is what
 * there is to know of it at a moment; {@link FrameInput} reads from it, {@link LineOutput} writes to it, and both notice a pause
 * and nothing else when it changes. Thread-safe; nothing here blocks but what says that it waits.
 */
final class Line {
    private static final Logger LOG = LoggerFactory.getLogger(Line.class);
    /** Each acknowledgement wakes a thread at both ends; this many bytes cost thousands of times as much. */
    static final int ACKNOWLEDGED_EVERY = 1 << 20;

    private enum Mode {
        UNDECIDED,
        PLAIN,
        RESUMABLE
    }

    /** Bytes, and where they are to go. */
    record Outgoing(Connection to, byte[] bytes, int from, int length) {}

    private final String peer;
    private final Duration idle;
    private final @Nullable Comeback comeback;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private final SentWindow window = new SentWindow();
    private final Outages outages = new Outages(System::nanoTime);
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
     * A line over a connection whose preambles have been exchanged.
     *
     * @param comeback how this end gets another connection, or null if it is to have none
     */
    Line(Connection first, String peer, Duration idle, @Nullable Comeback comeback) {
        this.connection = first;
        this.peer = peer;
        this.idle = idle;
        this.comeback = comeback;
        this.mode = comeback == null ? Mode.PLAIN : Mode.UNDECIDED;
    }

    /** What the peer says in HELLO of taking up connections again; called by the reader before it reads on. */
    void agree(@Nullable Resumption theirs) throws VmmigException {
        if (comeback != null && theirs != null) {
            comeback.agreed(theirs);
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

    /** Told how long there was no connection, each time there is one again; by the thread that has brought it. */
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

    /** Waits while too much is under way; throws when this side has ended. */
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

    /** Whether somebody waits for so long that a peer which lives makes room. */
    boolean isFullFor(Duration atLeast) {
        lock.lock();
        try {
            return roomAwaited && connection != null && System.nanoTime() - roomAwaitedSince > atLeast.toNanos();
        } finally {
            lock.unlock();
        }
    }

    /** Takes a frame over, whose array the caller leaves alone from now on. */
    void keep(byte[] frame, int length) {
        lock.lock();
        try {
            window.add(frame, length);
        } finally {
            lock.unlock();
        }
    }

    /**
     * What is to be put on the connection next, and counts as sent from now on; null if there is nothing, or no connection.
     *
     * @throws IOException when there is something, and the line is closed
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
            SentWindow.Part part = to == null ? null : window.next();
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
     * Waits for something to be due, for about as long as {@code interval}.
     *
     * @param interval how long the peer may hear nothing
     * @param lastWrite when it has last heard something
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

    /** The sign of life that is due, which says how much has come if that is not known; null if none is. */
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

    /** The connection that there is; waits for one. Throws when there will be none. */
    Connection connection() throws IOException {
        while (true) {
            Comeback mine = comeback;
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

    /** So many bytes have come over that connection; false if it has been given up meanwhile, so that they do not count. */
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

    /** The peer has said over that connection how much it has. */
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

    /** How much has come; does not change while there is no connection. */
    long received() {
        lock.lock();
        try {
            return received;
        } finally {
            lock.unlock();
        }
    }

    // ---- one connection after the other -----------------------------------------------------------------------------

    /** That connection is of no use any more; throws {@code why} if it was the last one. */
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
        LOG.info("the connection with {} broke ({}); it is to be taken up again", peer, why.toString());
    }

    /** Stays without a connection; false if it has to keep the one that there is. */
    private boolean letGo(IOException why) {
        if (mode != Mode.RESUMABLE || comeback == null || (ending && !hasLastWords()) || !comeback.suspend()) {
            return false;
        }
        connection = null;
        lost = why;
        outages.broken(moved(), comeback.limit());
        changed.signalAll();
        return true;
    }

    private long moved() {
        return received + window.acknowledged();
    }

    /** What it means that the last connection broke. */
    VmmigException lost() {
        lock.lock();
        try {
            return lost instanceof SocketTimeoutException ? Faults.silent(peer, idle) : Faults.lost(peer, lost);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The peer wants to go on over another connection. Gives up the one that there may be.
     *
     * @param attempt how often it has tried to; one that comes late does not count
     * @param theirs how much it has
     * @return how much has come here
     * @throws VmmigException when it cannot have as much, or there is nothing to go on with
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
                    || (old != null && !letGo(new IOException("the peer has begun another one")))) {
                throw Faults.nothingToRejoin();
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

    /** The peer says how much it has, before it goes on over another connection. */
    void rewind(long theirs) throws VmmigException {
        lock.lock();
        try {
            long again = window.rewind(theirs);
            LOG.debug("{} has {} bytes; {} go there again", peer, theirs, again);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Goes on over another connection.
     *
     * @param attempt the one of {@link #rejoin} by which it came; 0 at the end that has made it
     * @return false if it is not wanted any more
     */
    boolean resume(Connection next, long attempt) throws IOException {
        next.readTimeout(idle);
        Duration gap;
        Consumer<Duration> listener;
        lock.lock();
        try {
            if (closed || connection != null || comeback == null || (attempt != 0 && attempt != lastAttempt)) {
                return false;
            }
            connection = next;
            gap = outages.joined(moved());
            told = received;
            roomAwaitedSince = System.nanoTime();
            comeback.resumed();
            listener = onResumed;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        LOG.info("the connection with {} was taken up again after {} ms", peer, gap.toMillis());
        listener.accept(gap);
        return true;
    }

    /** As {@link #awaitConnection(long, BooleanSupplier)}, and nothing makes it hopeless. */
    boolean awaitConnection(long until) {
        return awaitConnection(until, () -> false);
    }

    /**
     * Waits for a connection or the end.
     *
     * @param until how long, as {@link System#nanoTime()}
     * @param hopeless asked now and after each {@link #wake}
     * @return false if neither has come
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

    /** Has whoever waits look again. */
    void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a connection that is not that one; null when the line is closed. */
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

    /** There is no connection at this moment, though the line is not closed. */
    boolean isDown() {
        lock.lock();
        try {
            return connection == null && !closed;
        } finally {
            lock.unlock();
        }
    }

    // ---- the end ----------------------------------------------------------------------------------------------------

    /** Nobody waits any more to send something. */
    void beginEnd() {
        lock.lock();
        try {
            ending = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Reads and drops what still comes, until the peer has said that nothing does; false if that cannot be known any more. */
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

    /** Whether the peer may come back to hear how it ended. */
    private boolean hasLastWords() {
        lock.lock();
        try {
            return mode == Mode.RESUMABLE && comeback != null && comeback.keepsLastWords() && !window.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The peer has had its time to hear the end. If it may come back for that, and has not heard it, the line stays for as long
     * as it would for anything else.
     *
     * @return whether it stays
     */
    boolean staysForLastWords() {
        Connection silent;
        lock.lock();
        try {
            silent = connection;
            if (closed || !hasLastWords() || (silent != null && !letGo(new IOException("it did not hear the end")))) {
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

    /** Closes it for good, under whoever uses it. Idempotent. */
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
        if (comeback != null) {
            comeback.close();
        }
    }
}
