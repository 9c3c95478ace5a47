// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection on which frames travel both ways, and which notices when the peer is gone.
 *
 * <p>One thread reads, all the time, so that a peer's word is heard while this side sends. One thread sends signs of life
 * and, at the end, the farewell. Whoever else sends does so in its own thread. Nothing here is ended by waiting for a peer
 * that does not move: a third, shared thread closes the socket under whatever is blocked, and that always works.
 */
final class Link {
    private static final Logger LOG = LoggerFactory.getLogger(Link.class);
    private static final Duration SLOWEST_HEARTBEAT = Duration.ofSeconds(5);
    private static final Duration FASTEST_HEARTBEAT = Duration.ofMillis(25);
    // Long enough for a farewell to cross, and for what the peer has already sent to be drained: a socket that is
    // closed
    // over unread bytes sends a reset, and a reset can overtake the farewell.
    private static final Duration LINGER = Duration.ofMillis(800);
    private static final Duration LAST_WORDS = Duration.ofMillis(500);

    private final Line line;
    private final LineOutput out;
    private final DataInputStream in;
    private final String peer;
    private final Timeouts timeouts;
    private final Conversation conversation;

    private final @Nullable Comeback comeback;
    private final AtomicInteger halves = new AtomicInteger(2);

    /** Guards the state of the conversation too. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private Duration heartbeat = Duration.ofSeconds(1);
    private @Nullable VmmigException ended;
    private @Nullable Frame farewell;
    private boolean peerHasEnded;
    private boolean closed;
    private volatile @Nullable ScheduledFuture<?> watch;

    /**
     * A link over a connection whose preambles have been exchanged.
     *
     * @param peer the peer's name, for messages
     * @param comeback how to get another connection when this one breaks; null to end then
     */
    Link(
            Connection connection,
            String peer,
            Timeouts timeouts,
            Conversation conversation,
            @Nullable Comeback comeback) {
        this.line = new Line(connection, peer, timeouts.idle(), comeback);
        this.out = new LineOutput(line);
        this.in = new DataInputStream(new FrameInput(line));
        this.peer = peer;
        this.timeouts = timeouts;
        this.conversation = conversation;
        this.comeback = comeback;
    }

    /** When this throws, there is no connection any more. */
    void start() throws IOException {
        try {
            begin();
        } catch (IOException | RuntimeException | Error e) {
            line.close();
            stopWatching();
            throw e;
        }
    }

    private void begin() throws IOException {
        Resumption offered = comeback == null ? null : comeback.offered();
        byte[] hello = new Frame(Kind.HELLO, Messages.hello(new Messages.Hello(timeouts.idle(), offered))).toBytes();
        try {
            line.connection().readTimeout(timeouts.idle());
            out.write(hello, hello.length, () -> {});
        } catch (VmmigException e) {
            throw new IllegalStateException("nothing keeps HELLO", e);
        }
        long every = Math.max(10, timeouts.progress().toMillis() / 8);
        watch = Watchdog.every(Duration.ofMillis(Math.min(every, 1000)), this::watchProgress);
        daemon("reader", this::read);
        daemon("heartbeat", this::beat);
    }

    private void daemon(String what, Runnable work) {
        Thread thread = new Thread(work, "vmmig-" + what + " " + peer);
        thread.setDaemon(true);
        thread.start();
    }

    String peer() {
        return peer;
    }

    boolean hasEnded() {
        return locked(() -> ended != null);
    }

    /** Told each time the connection has been taken up again, and how long there was none. */
    void onResumed(Consumer<Duration> listener) {
        line.onResumed(listener);
    }

    /**
     * The peer, and nobody else, wants to go on over another connection.
     *
     * @return how much has come from it
     * @throws VmmigException when that cannot be; what the peer has made up ends the link as well
     */
    long rejoin(Messages.Rejoin rejoin) throws VmmigException {
        try {
            return line.rejoin(rejoin.attempt(), rejoin.received());
        } catch (VmmigException e) {
            if (e.problem() == Problem.PROTOCOL_VIOLATION) {
                end(e, true);
            }
            throw e;
        }
    }

    /** The peer has said over a connection of its own that it gives up. */
    void aborted(byte[] payload) throws VmmigException {
        try {
            conversation.onControl(Kind.ABORT, payload);
        } catch (PeerGaveUp e) {
            end(e.reason(), () -> null);
        } catch (VmmigException e) {
            end(e, true);
            throw e;
        }
    }

    Line line() {
        return line;
    }

    // ---- for the conversation -------------------------------------------------------------------------------------

    /** Runs {@code change} with the state locked, and wakes all who wait; does nothing once the link has ended. */
    void update(Change change) throws VmmigException, PeerGaveUp {
        lock.lock();
        try {
            if (ended == null) {
                change.make();
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Looks at the state with it locked. */
    <T> T locked(Supplier<T> look) {
        lock.lock();
        try {
            return look.get();
        } finally {
            lock.unlock();
        }
    }

    /** A step of the conversation that a frame from the peer causes, or that it is not allowed to cause. */
    @FunctionalInterface
    interface Change {
        void make() throws VmmigException, PeerGaveUp;
    }

    /** Waits for {@code done}, which is looked at with the state locked; what is done is done, though the link ended since. */
    void await(BooleanSupplier done) throws VmmigException {
        lock.lock();
        try {
            while (!done.getAsBoolean()) {
                if (ended != null) {
                    throw again(ended);
                }
                changed.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            VmmigException cancelled = Faults.interrupted();
            end(cancelled, true);
            throw cancelled;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #await}, for a wait that an interrupt must not cut short; it is remembered. */
    void awaitUninterruptibly(BooleanSupplier done) throws VmmigException {
        lock.lock();
        try {
            while (!done.getAsBoolean()) {
                if (ended != null) {
                    throw again(ended);
                }
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sends a control frame.
     *
     * @param atTheBrink run with the state locked when nothing can keep the frame from leaving any more; what it throws
     *     keeps it
     * @throws VmmigException why the link has ended; if {@code atTheBrink} ran, part of the frame may have left
     */
    void send(Frame frame, Runnable atTheBrink) throws VmmigException {
        byte[] bytes = frame.toBytes();
        try {
            out.write(bytes, bytes.length, () -> {
                lock.lock();
                try {
                    requireAlive();
                    atTheBrink.run();
                    changed.signalAll();
                } finally {
                    lock.unlock();
                }
            });
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /** Waits until there is a connection; throws why there will be none. */
    void awaitConnected() throws VmmigException {
        line.awaitConnected();
        requireAlive();
    }

    /** An array for {@link #sendData}. */
    byte[] spareFrame() {
        return line.spareFrame();
    }

    /**
     * Sends a data frame: {@code length} bytes of {@code frame}, of which the first are left free for the header. The array is
     * not the caller's any more.
     */
    void sendData(byte[] frame, int length) throws VmmigException {
        Frame.putHeader(frame, Kind.DATA, length - Frame.HEADER_BYTES);
        try {
            out.write(frame, length, this::requireAlive);
        } catch (IOException e) {
            throw broken(e);
        }
    }

    private void requireAlive() throws VmmigException {
        lock.lock();
        try {
            if (ended != null) {
                throw again(ended);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the link, unless it has ended already. What waits on it is woken, and fails with {@code reason}.
     *
     * @param tell whether the peer is to be told
     */
    void end(VmmigException reason, boolean tell) {
        if (tell) {
            end(reason, () -> conversation.farewell(reason.failure()), false);
        } else {
            end(reason, () -> null, true);
        }
    }

    /**
     * Ends the link, unless it has ended already. The peer learns that this was no accident.
     *
     * @param lastFrame asked, with the state locked, for what else to tell the peer; null if nothing
     */
    void end(VmmigException reason, Supplier<@Nullable Frame> lastFrame) {
        end(reason, lastFrame, false);
    }

    private void end(VmmigException reason, Supplier<@Nullable Frame> lastFrame, boolean cut) {
        Frame last;
        lock.lock();
        try {
            if (ended != null) {
                return;
            }
            last = lastFrame.get();
            farewell = last;
            ended = reason;
            line.beginEnd();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (cut || (last == null && line.isDown())) {
            hardClose();
        } else {
            Watchdog.in(LINGER, this::closeUnlessAwaited);
        }
        conversation.onEnd(reason);
    }

    /** Ends a link on which all has been said. */
    void endInPeace() {
        lock.lock();
        try {
            if (ended != null) {
                return;
            }
            ended = Faults.closedHere();
            line.beginEnd();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        Watchdog.in(LINGER, this::closeUnlessAwaited);
    }

    private void closeUnlessAwaited() {
        if (!line.staysForLastWords()) {
            hardClose();
        }
    }

    /** Waits until the socket is closed, which is soon after the end; not for a peer that may come back to hear of it. */
    void awaitClosed() {
        if (line.isDown() && line.staysForLastWords()) {
            return;
        }
        boolean interrupted = false;
        lock.lock();
        try {
            long left = LINGER.toNanos();
            while (!closed && left > 0) {
                try {
                    left = changed.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                    break;
                }
            }
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        closeUnlessAwaited();
    }

    // ---- writing --------------------------------------------------------------------------------------------------

    /** Why a write failed: the reader may just be learning it from the peer, which says it better than the socket. */
    private VmmigException broken(IOException e) {
        lock.lock();
        try {
            long left = LAST_WORDS.toNanos();
            while (ended == null && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
        end(Faults.lost(peer, e), false);
        lock.lock();
        try {
            return again(Objects.requireNonNull(ended));
        } finally {
            lock.unlock();
        }
    }

    private void beat() {
        try {
            while (isAlive()) {
                try {
                    out.tend(interval());
                } catch (IOException e) {
                    broken(e);
                }
            }
            out.sayLast(locked(() -> farewell), LAST_WORDS, this::halfDone);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            halfDone();
        }
    }

    private boolean isAlive() {
        return !hasEnded();
    }

    private Duration interval() {
        return locked(() -> heartbeat);
    }

    // ---- reading --------------------------------------------------------------------------------------------------

    private void read() {
        try {
            readHello();
            while (true) {
                readFrame();
            }
        } catch (SocketTimeoutException e) {
            end(Faults.silent(peer, timeouts.idle()), false);
        } catch (EOFException e) {
            // The peer has ended it, and is not to take our end for an accident.
            end(Faults.lost(peer, e), () -> null);
        } catch (IOException e) {
            VmmigException reason = Faults.lost(peer, e);
            end(reason, reason.problem() == Problem.PROTOCOL_VIOLATION);
        } catch (PeerGaveUp e) {
            end(e.reason(), () -> null);
        } catch (VmmigException e) {
            end(e, true);
        } catch (RuntimeException | Error e) {
            LOG.error("{}: the connection is given up", peer, e);
            end(Faults.lost(peer, e), true);
        }
        boolean heard = line.drain();
        locked(() -> peerHasEnded = heard);
        if (heard || !line.isResumable()) {
            halfDone();
        } else {
            hardClose();
        }
    }

    private void readHello() throws IOException, VmmigException {
        if (in.readUnsignedByte() != Kind.HELLO.code()) {
            throw Faults.violation("it did not begin with HELLO");
        }
        Messages.Hello theirs = Messages.readHello(readPayload(readLength(Kind.HELLO)));
        line.agree(theirs.resumption());
        Duration quarter = theirs.idle().dividedBy(4);
        lock.lock();
        try {
            heartbeat = quarter.compareTo(FASTEST_HEARTBEAT) < 0
                    ? FASTEST_HEARTBEAT
                    : quarter.compareTo(SLOWEST_HEARTBEAT) > 0 ? SLOWEST_HEARTBEAT : quarter;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void readFrame() throws IOException, VmmigException, PeerGaveUp {
        int code = in.read();
        if (code < 0) {
            throw new EOFException("the peer closed it");
        }
        Kind kind = Kind.of(code);
        if (kind == null || kind == Kind.HELLO) {
            throw Faults.violation("a frame of kind " + code);
        }
        if (kind == Kind.DATA) {
            int length = readLength(kind);
            if (length == 0) {
                throw Faults.violation("a data frame without data");
            }
            conversation.onData(in, length);
        } else {
            int length = readLength(kind);
            conversation.onAnnounced(kind, length);
            byte[] payload = readPayload(length);
            if (kind != Kind.HEARTBEAT) {
                conversation.onControl(kind, payload);
            }
        }
    }

    private int readLength(Kind kind) throws IOException, VmmigException {
        int length = in.readInt();
        if (length < 0 || length > kind.maxLength()) {
            throw Faults.violation(kind + " of " + Integer.toUnsignedString(length) + " bytes");
        }
        return length;
    }

    private byte[] readPayload(int length) throws IOException {
        // Grows with what arrives, not with what is announced.
        byte[] payload = ((InputStream) in).readNBytes(length);
        if (payload.length < length) {
            throw new EOFException("the peer closed it in the middle of a message");
        }
        return payload;
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    private void watchProgress() {
        if (out.isStuckFor(timeouts.progress())) {
            end(Faults.takesNothing(peer, timeouts.progress()), false);
        }
        VmmigException overdue = locked(() -> conversation.overdue(timeouts.progress()));
        if (overdue != null) {
            end(overdue, true);
        }
    }

    /** The farewell is said, or the peer's end is read; after both, nothing can be lost by closing. */
    private void halfDone() {
        if (halves.decrementAndGet() == 0) {
            hardClose();
        }
    }

    private void hardClose() {
        line.close();
        Frame unheard;
        boolean first;
        lock.lock();
        try {
            first = !closed;
            unheard = closed || peerHasEnded ? null : farewell;
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (unheard != null && comeback != null && line.isResumable()) {
            comeback.farewellUnheard(unheard);
        }
        stopWatching();
        if (first) {
            conversation.onClosed();
        }
    }

    private void stopWatching() {
        ScheduledFuture<?> watching = watch;
        if (watching != null) {
            watching.cancel(false);
        }
    }

    /** A fresh exception for each thread that learns of the end, so that each stack trace tells where it was. */
    private static VmmigException again(VmmigException reason) {
        return VmmigException.of(reason.failure(), reason);
    }
}
