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
 * Sends and receives frames, and detects a dead peer.
 *
 * <p>One thread reads all the time, so that the peer's frames are handled while this side sends. One thread sends heartbeats and,
 * at the end, the last frame. All other frames are sent by the callers' threads. Nothing here depends on a peer that makes no
 * progress: a third, shared thread closes the socket, which unblocks every other thread.
 */
final class FramedConnection {
    private static final Logger LOG = LoggerFactory.getLogger(FramedConnection.class);
    private static final Duration SLOWEST_HEARTBEAT = Duration.ofSeconds(5);
    private static final Duration FASTEST_HEARTBEAT = Duration.ofMillis(25);
    // Long enough for the last frame to arrive, and to drain what the peer has already sent: closing a socket with
    // unread bytes
    // sends a reset, which can overtake the last frame.
    private static final Duration LINGER = Duration.ofMillis(800);
    private static final Duration LAST_WORDS = Duration.ofMillis(500);

    private final ResumableChannel channel;
    private final ChannelOutput out;
    private final DataInputStream in;
    private final String peer;
    private final Timeouts timeouts;
    private final Conversation conversation;

    private final @Nullable ReconnectStrategy reconnecting;
    private final AtomicInteger halves = new AtomicInteger(2);

    /** Also guards the state of the conversation. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private Duration heartbeat = Duration.ofSeconds(1);
    private @Nullable VmmigException ended;
    private @Nullable Frame farewell;
    private boolean peerHasEnded;
    private boolean closed;
    private volatile @Nullable ScheduledFuture<?> watch;

    /**
     * Over a connection whose preambles have been exchanged.
     *
     * @param peer the peer's name, for messages
     * @param reconnecting how to get another connection when this one breaks; null for none
     */
    FramedConnection(
            Connection connection,
            String peer,
            Timeouts timeouts,
            Conversation conversation,
            @Nullable ReconnectStrategy reconnecting) {
        this.channel = new ResumableChannel(connection, peer, timeouts.idle(), reconnecting);
        this.out = new ChannelOutput(channel);
        this.in = new DataInputStream(new FrameInput(channel));
        this.peer = peer;
        this.timeouts = timeouts;
        this.conversation = conversation;
        this.reconnecting = reconnecting;
    }

    /** If this throws, the connection is closed. */
    void start() throws IOException {
        try {
            begin();
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            stopWatching();
            throw e;
        }
    }

    private void begin() throws IOException {
        Resumption offered = reconnecting == null ? null : reconnecting.offered();
        byte[] hello = new Frame(Kind.HELLO, Messages.hello(new Messages.Hello(timeouts.idle(), offered))).toBytes();
        try {
            channel.connection().readTimeout(timeouts.idle());
            out.write(hello, hello.length, () -> {});
        } catch (VmmigException e) {
            throw new IllegalStateException("nothing prevents HELLO", e);
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

    /** Called after each resumed connection, with the duration of the outage. */
    void onResumed(Consumer<Duration> listener) {
        channel.onResumed(listener);
    }

    /**
     * The authenticated peer wants to resume over another connection.
     *
     * @return how many bytes have been received from it
     * @throws VmmigException when that is impossible; a violation by the peer ends the session as well
     */
    long rejoin(Messages.Rejoin rejoin) throws VmmigException {
        try {
            return channel.rejoin(rejoin.attempt(), rejoin.received());
        } catch (VmmigException e) {
            if (e.problem() == Problem.PROTOCOL_VIOLATION) {
                end(e, true);
            }
            throw e;
        }
    }

    /** The peer has aborted over a connection made for that. */
    void aborted(byte[] payload) throws VmmigException {
        try {
            conversation.onControl(Kind.ABORT, payload);
        } catch (PeerAbortedException e) {
            end(e.reason(), () -> null);
        } catch (VmmigException e) {
            end(e, true);
            throw e;
        }
    }

    ResumableChannel channel() {
        return channel;
    }

    // ---- for the conversation -------------------------------------------------------------------------------------

    /** Runs {@code change} with the state locked, and wakes all waiting threads; does nothing once the session has ended. */
    void update(Change change) throws VmmigException, PeerAbortedException {
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

    /** Reads the state with it locked. */
    <T> T locked(Supplier<T> look) {
        lock.lock();
        try {
            return look.get();
        } finally {
            lock.unlock();
        }
    }

    /** A step of the conversation caused by a frame from the peer; throws if the frame is not allowed. */
    @FunctionalInterface
    interface Change {
        void make() throws VmmigException, PeerAbortedException;
    }

    /** Waits for {@code done}, evaluated with the state locked; it counts even if the session has ended since. */
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
            VmmigException cancelled = WireErrors.interrupted();
            end(cancelled, true);
            throw cancelled;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #await}, but uninterruptible; an interrupt is restored afterwards. */
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
     * @param atTheBrink run with the state locked when nothing else can prevent the frame from being sent; if it throws, the
     *     frame is not sent
     * @throws VmmigException why the session has ended; if {@code atTheBrink} ran, part of the frame may have been sent
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
        channel.awaitConnected();
        requireAlive();
    }

    /** An array for {@link #sendData}. */
    byte[] spareFrame() {
        return channel.spareFrame();
    }

    /**
     * Sends a data frame: {@code length} bytes of {@code frame}, whose first bytes are reserved for the header. The caller must
     * not touch the array any more.
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
     * Ends the session, unless it has ended already. Waiting threads fail with {@code reason}.
     *
     * @param tell whether to tell the peer
     */
    void end(VmmigException reason, boolean tell) {
        if (tell) {
            end(reason, () -> conversation.farewell(reason.failure()), false);
        } else {
            end(reason, () -> null, true);
        }
    }

    /**
     * Ends the session, unless it has ended already, so that the peer can tell it from a lost connection.
     *
     * @param lastFrame supplies the last frame, with the state locked; null for none
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
            channel.beginEnd();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (cut || (last == null && channel.isDown())) {
            hardClose();
        } else {
            Watchdog.in(LINGER, this::closeUnlessAwaited);
        }
        conversation.onEnd(reason);
    }

    /** Ends a session that is complete. */
    void endInPeace() {
        lock.lock();
        try {
            if (ended != null) {
                return;
            }
            ended = WireErrors.closedHere();
            channel.beginEnd();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        Watchdog.in(LINGER, this::closeUnlessAwaited);
    }

    private void closeUnlessAwaited() {
        if (!channel.staysForLastWords()) {
            hardClose();
        }
    }

    /** Waits until the socket is closed, which is soon after the end; does not wait for a peer that may reconnect. */
    void awaitClosed() {
        if (channel.isDown() && channel.staysForLastWords()) {
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

    /** Why a write failed: the reader may be about to receive the peer's reason, which is better than the socket's error. */
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
        end(WireErrors.lost(peer, e), false);
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
            end(WireErrors.silent(peer, timeouts.idle()), false);
        } catch (EOFException e) {
            // The peer has ended the session; close properly, so that it does not see a lost connection.
            end(WireErrors.lost(peer, e), () -> null);
        } catch (IOException e) {
            VmmigException reason = WireErrors.lost(peer, e);
            end(reason, reason.problem() == Problem.PROTOCOL_VIOLATION);
        } catch (PeerAbortedException e) {
            end(e.reason(), () -> null);
        } catch (VmmigException e) {
            end(e, true);
        } catch (RuntimeException | Error e) {
            LOG.error("{}: closing the connection", peer, e);
            end(WireErrors.lost(peer, e), true);
        }
        boolean heard = channel.drain();
        locked(() -> peerHasEnded = heard);
        if (heard || !channel.isResumable()) {
            halfDone();
        } else {
            hardClose();
        }
    }

    private void readHello() throws IOException, VmmigException {
        if (in.readUnsignedByte() != Kind.HELLO.code()) {
            throw WireErrors.violation("it did not begin with HELLO");
        }
        Messages.Hello theirs = Messages.readHello(readPayload(readLength(Kind.HELLO)));
        channel.agree(theirs.resumption());
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

    private void readFrame() throws IOException, VmmigException, PeerAbortedException {
        int code = in.read();
        if (code < 0) {
            throw new EOFException("the peer closed it");
        }
        Kind kind = Kind.of(code);
        if (kind == null || kind == Kind.HELLO) {
            throw WireErrors.violation("a frame of kind " + code);
        }
        if (kind == Kind.DATA) {
            int length = readLength(kind);
            if (length == 0) {
                throw WireErrors.violation("a data frame without data");
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
            throw WireErrors.violation(kind + " of " + Integer.toUnsignedString(length) + " bytes");
        }
        return length;
    }

    private byte[] readPayload(int length) throws IOException {
        // Memory grows with what arrives, not with what is announced.
        byte[] payload = ((InputStream) in).readNBytes(length);
        if (payload.length < length) {
            throw new EOFException("the peer closed it in the middle of a message");
        }
        return payload;
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    private void watchProgress() {
        if (out.isStuckFor(timeouts.progress())) {
            end(WireErrors.takesNothing(peer, timeouts.progress()), false);
        }
        VmmigException overdue = locked(() -> conversation.overdue(timeouts.progress()));
        if (overdue != null) {
            end(overdue, true);
        }
    }

    /** The last frame is sent, or the peer's end is read; after both, closing loses nothing. */
    private void halfDone() {
        if (halves.decrementAndGet() == 0) {
            hardClose();
        }
    }

    private void hardClose() {
        channel.close();
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
        if (unheard != null && reconnecting != null && channel.isResumable()) {
            reconnecting.farewellUnheard(unheard);
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

    /** A new exception for each thread, so that each stack trace shows where the thread was. */
    private static VmmigException again(VmmigException reason) {
        return VmmigException.of(reason.failure(), reason);
    }
}
