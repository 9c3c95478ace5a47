// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.crypto.AgeSealing;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockInput;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The destination's side of a connection; it opens what is sealed for this host. */
public final class WireIncomingSession implements IncomingSession {
    private enum Stage {
        CONNECTED,
        OFFERED,
        /** The part that arrives while the guest runs. */
        RECEIVING,
        /** The part that arrives while it is paused. */
        RECEIVING_REST,
        COMPLETED,
        RESTORED,
        COMMITTED,
        RESUMED
    }

    /** A part of the package may start after that many progress timeouts: an hour by default. */
    private static final int BEFORE_A_PART = 12;

    // Buffers what a fast network delivers while QEMU starts, so that the source does not wait for it.
    private static final int BUFFERED_BYTES = 16 << 20;
    private static final int PART_BUFFER_BYTES = 64 << 10;
    /** Offers up to this size are always admitted; most are smaller. */
    static final int SMALL_OFFER_BYTES = 256 << 10;
    /** Less than this within the timeout does not count as progress. */
    private static final int LEAST_PROGRESS_BYTES = 64 << 10;

    private final Fingerprint source;
    private final HostIdentity self;
    private final PeerQuota offerBytes;
    private final AtomicLong offerBytesTaken = new AtomicLong();
    private final Runnable onClosed;
    private final FramedConnection link;
    private final BoundedPipe data = new BoundedPipe(BUFFERED_BYTES);
    /** Of the present package. */
    private InputStream content = new Content(false);

    private Runnable onClose = () -> {};
    private volatile long received;
    /** Written by the caller's thread, or with the link's lock. */
    private volatile @Nullable Offer offer;

    // Guarded by the link.
    private Stage stage = Stage.CONNECTED;
    private byte @Nullable [] unreadOffer;
    private boolean ready;
    private boolean waiting;
    private boolean gaveUp;
    private boolean handedOver;
    /** What had been received when the present part could start. */
    private long partBegins;

    private final Debt debt = new Debt();

    private WireIncomingSession(
            Connection connection,
            String peer,
            Timeouts timeouts,
            Fingerprint source,
            HostIdentity self,
            PeerQuota offerBytes,
            Sessions.@Nullable Member member,
            Runnable onClosed) {
        this.source = source;
        this.self = self;
        this.offerBytes = offerBytes;
        this.onClosed = onClosed;
        link = new FramedConnection(connection, peer, timeouts, new Destination(), member);
        if (member != null) {
            member.enter(link);
        }
    }

    /**
     * A session on a connection whose preambles have been exchanged; it owns the connection from now on.
     *
     * @param source authenticated by the handshake
     * @param self this host, which opens what is sealed for it
     * @param sessions where the source can resume it
     * @param onClosed run once when there is no connection and will be none, unless this constructor throws; by any thread; must
     *     not block
     */
    public static WireIncomingSession start(
            Connection connection,
            String peer,
            Timeouts timeouts,
            Fingerprint source,
            HostIdentity self,
            Sessions sessions,
            Runnable onClosed)
            throws IOException {
        WireIncomingSession session = new WireIncomingSession(
                connection, peer, timeouts, source, self, sessions.offerBytes(), sessions.begin(source), onClosed);
        session.link.start();
        return session;
    }

    /** Has {@link #close} run that at its end; to be called once, before others know the session. */
    public void onClose(Runnable action) {
        onClose = action;
    }

    @Override
    public Optional<String> peer() {
        return Optional.of(source.toString());
    }

    @Override
    public void onReconnected(Consumer<Duration> listener) {
        link.onResumed(listener);
    }

    /** Instead of a session: tells a source that it gets none, and why. */
    public static void turnAway(Connection connection, Timeouts timeouts, Failure reason) throws IOException {
        ControlIo.send(connection, new Frame(Kind.HELLO, Messages.hello(new Messages.Hello(timeouts.idle(), null))));
        ControlIo.refuse(connection, reason);
    }

    /** Whether {@link #awaitOffer} does not wait. */
    public boolean hasOffer() {
        return link.locked(() -> stage != Stage.CONNECTED);
    }

    @Override
    public void awaitOffer() throws VmmigException {
        link.await(() -> stage != Stage.CONNECTED);
    }

    /** Decodes the offer only here: it may unpack to many times its size. */
    @Override
    public Offer offer() throws VmmigException {
        Offer known = offer;
        return known == null ? readOffer() : known;
    }

    private Offer readOffer() throws VmmigException {
        byte[][] unread = new byte[1][];
        link.await(() -> {
            if (unreadOffer != null) {
                unread[0] = unreadOffer;
            }
            return unreadOffer != null;
        });
        try {
            Offer read = Messages.readOffer(unread[0]);
            offer = read;
            return read;
        } catch (VmmigException e) {
            link.end(e, true);
            throw e;
        } finally {
            freeOffer();
        }
    }

    private void freeOffer() {
        link.locked(() -> unreadOffer = null);
        offerBytes.release(source, offerBytesTaken.getAndSet(0));
    }

    @Override
    public String description() {
        return link.peer();
    }

    @Override
    public boolean disconnected() {
        return link.channel().isDown() || link.hasEnded();
    }

    @Override
    public void accept(Acceptance acceptance) throws VmmigException {
        content = new Content(receivesBaseline());
        link.send(new Frame(Kind.ACCEPT, Messages.accept(acceptance)), () -> {
            advance(Stage.OFFERED, Stage.RECEIVING);
            partBegins = received;
        });
    }

    @Override
    public InputStream packageStream() {
        return content;
    }

    /**
     * The package, in its two parts: what is sent while the guest runs, and the rest; a baseline has only the first. Each may be sealed
     * separately, since a sealed stream can only be read to its end.
     */
    private final class Content extends BlockInput {
        private final boolean single;
        private @Nullable InputStream part;

        Content(boolean single) {
            this.single = single;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            while (true) {
                InputStream from = part == null ? opened(new Part()) : part;
                part = from;
                int n = from.read(buffer, offset, length);
                if (n >= 0 || single || data.whole()) {
                    return n;
                }
                part = null;
            }
        }
    }

    private InputStream opened(InputStream part) {
        return new LazyDecryptingInputStream(
                new BufferedInputStream(part, PART_BUFFER_BYTES),
                sent -> AgeSealing.begins(sent) ? AgeSealing.open(sent, self.sealingIdentities()) : sent);
    }

    /** Up to the point where the source waits, or to the end. The pipe reports the end of a part once, and a reader may ask again. */
    private final class Part extends BlockInput {
        private boolean ended;

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int n = ended ? -1 : data.read(buffer, offset, length);
            ended = n < 0;
            return n;
        }

        @Override
        public int available() throws IOException {
            return ended ? 0 : data.available();
        }
    }

    @Override
    public void ready() throws VmmigException {
        link.send(Frame.empty(Kind.READY), () -> {
            if (stage != Stage.RECEIVING || ready) {
                throw new IllegalStateException("not READY after " + stage);
            }
            ready = true;
            endPart();
        });
    }

    /** Only after both: no byte of the second part may arrive before the source was told that it may suspend the guest. */
    private void endPart() {
        if (!ready || !waiting) {
            return;
        }
        if (receivesBaseline()) {
            stage = Stage.CONNECTED;
            offer = null;
            ready = false;
            waiting = false;
        } else {
            stage = Stage.RECEIVING_REST;
            partBegins = received;
        }
    }

    /** Whether the present package is a baseline, which has one part, and after which another offer follows. */
    private boolean receivesBaseline() {
        Offer accepted = offer;
        return accepted != null && accepted.manifest().baseline();
    }

    @Override
    public void restored() throws VmmigException {
        skipRest();
        link.send(Frame.empty(Kind.RESTORED), () -> advance(Stage.COMPLETED, Stage.RESTORED));
    }

    /** A reader knows the end of a package before the end of the stream has arrived. */
    private void skipRest() throws VmmigException {
        try {
            while (!data.whole()) {
                data.transferTo(OutputStream.nullOutputStream());
            }
        } catch (IOException e) {
            throw WireErrors.lost(link.peer(), e);
        }
    }

    @Override
    public void awaitCommit() throws VmmigException {
        link.await(() -> {
            handedOver = stage == Stage.COMMITTED && !gaveUp;
            return handedOver;
        });
    }

    @Override
    public void resumed() throws VmmigException {
        link.send(Frame.empty(Kind.RESUMED), () -> {
            if (!handedOver) {
                throw new IllegalStateException("resumed before the guest was handed over");
            }
            advance(Stage.COMMITTED, Stage.RESUMED);
        });
    }

    /**
     * Ends the session at once, as if the connection had broken for {@code reason}, and tries to tell the source. Does nothing
     * once {@link #awaitCommit()} has returned: the source sends nothing more then, and still needs the outcome. Never throws,
     * never blocks.
     */
    public void fail(VmmigException reason) {
        if (!link.locked(() -> handedOver)) {
            link.end(reason, true);
        }
    }

    @Override
    public void refuse(Failure reason) {
        link.end(VmmigException.of(reason, null), () -> stage == Stage.RESUMED ? null : giveUp(reason));
    }

    @Override
    public void close() {
        try {
            if (link.locked(() -> stage == Stage.RESUMED)) {
                link.endInPeace();
            } else {
                link.end(WireErrors.closedHere(), () -> giveUpUnlessHandedOver(WireErrors.destinationClosed()));
            }
            link.awaitClosed();
        } finally {
            onClose.run();
        }
    }

    /** Null once this host owns the guest: only the caller knows whether it runs, and a refusal would let it run twice. */
    private @Nullable Frame giveUpUnlessHandedOver(Failure reason) {
        return handedOver ? null : giveUp(reason);
    }

    private Frame giveUp(Failure reason) {
        gaveUp = true;
        return new Frame(Kind.REFUSE, Messages.refuse(reason));
    }

    private void advance(Stage from, Stage to) {
        if (stage != from) {
            throw new IllegalStateException("not " + to + " after " + stage);
        }
        stage = to;
    }

    /** What the source owes this host, and since when. Guarded by the link. */
    private final class Debt {
        private long since = System.nanoTime();
        private Stage then = Stage.CONNECTED;
        private boolean begunThen = true;
        private long receivedThen;

        @Nullable
        VmmigException overdue(Duration within) {
            boolean begun = hasBegun();
            if (!isThere() || stage != then || begun != begunThen || received - receivedThen >= LEAST_PROGRESS_BYTES) {
                since = System.nanoTime();
                then = stage;
                begunThen = begun;
                receivedThen = received;
                return null;
            }
            Duration allowed = begun ? within : within.multipliedBy(BEFORE_A_PART);
            return System.nanoTime() - since <= allowed.toNanos()
                    ? null
                    : WireErrors.owes(link.peer(), words(), allowed);
        }

        /** Before a part starts, the source may have to wait, for example until its guest returns memory. */
        private boolean hasBegun() {
            return switch (stage) {
                case RECEIVING, RECEIVING_REST -> received > partBegins;
                default -> true;
            };
        }

        /** Not while this host is busy, or there is no connection. */
        private boolean isThere() {
            boolean owed =
                    switch (stage) {
                        case CONNECTED, RESTORED -> true;
                        case RECEIVING -> !waiting && !data.isFull();
                        case RECEIVING_REST -> !data.isFull();
                        case OFFERED, COMPLETED, COMMITTED, RESUMED -> false;
                    };
            return owed && !link.channel().isDown();
        }

        private String words() {
            return switch (stage) {
                case CONNECTED -> "offered nothing";
                case RESTORED -> "not handed the guest over";
                default -> "sent less than " + LEAST_PROGRESS_BYTES + " bytes of the package";
            };
        }
    }

    /** What the source says. */
    private final class Destination implements Conversation {
        @Override
        public void onControl(Kind kind, byte[] payload) throws VmmigException, PeerAbortedException {
            switch (kind) {
                case OFFER -> {
                    link.update(() -> {
                        order(kind, Stage.CONNECTED, Stage.OFFERED);
                        unreadOffer = payload;
                    });
                }
                case WAITING -> {
                    long announced = Messages.readWaiting(payload);
                    link.update(() -> {
                        if (stage != Stage.RECEIVING || waiting) {
                            throw WireErrors.violation(kind + " while the destination is " + stage);
                        }
                        requireCount(kind, announced);
                        data.endPart();
                        waiting = true;
                        endPart();
                    });
                }
                case COMPLETE -> {
                    long announced = Messages.readComplete(payload);
                    link.update(() -> {
                        order(kind, Stage.RECEIVING_REST, Stage.COMPLETED);
                        requireCount(kind, announced);
                    });
                    data.complete();
                }
                case COMMIT -> link.update(() -> order(kind, Stage.RESTORED, Stage.COMMITTED));
                case ABORT -> {
                    Failure failure = Messages.readAbort(payload);
                    link.update(() -> {
                        if (stage.compareTo(Stage.COMMITTED) >= 0) {
                            throw WireErrors.violation("ABORT after COMMIT");
                        }
                    });
                    throw new PeerAbortedException(failure);
                }
                default -> throw WireErrors.violation(kind + " from a source");
            }
        }

        private void requireCount(Kind kind, long announced) throws VmmigException {
            if (announced != received) {
                throw WireErrors.violation(
                        kind + " after " + received + " bytes says " + Long.toUnsignedString(announced));
            }
        }

        private void order(Kind kind, Stage from, Stage to) throws VmmigException {
            if (stage != from) {
                throw WireErrors.violation(kind + " while the destination is " + stage);
            }
            stage = to;
        }

        @Override
        public void onAnnounced(Kind kind, int length) throws VmmigException {
            if (kind != Kind.OFFER) {
                return;
            }
            if (link.locked(() -> stage) != Stage.CONNECTED) {
                throw WireErrors.violation("a second offer");
            }
            if (length > SMALL_OFFER_BYTES) {
                if (!offerBytes.tryTake(source, length)) {
                    throw WireErrors.tooManyOffers();
                }
                offerBytesTaken.set(length);
                if (link.hasEnded()) {
                    freeOffer();
                    throw WireErrors.closedHere();
                }
            }
        }

        @Override
        public @Nullable VmmigException overdue(Duration within) {
            return debt.overdue(within);
        }

        @Override
        public void onData(InputStream in, int length) throws VmmigException, IOException {
            if (link.locked(() -> stage == Stage.RECEIVING ? waiting : stage != Stage.RECEIVING_REST)) {
                throw WireErrors.violation("DATA that was not asked for");
            }
            data.fill(in, length);
            received += length;
        }

        @Override
        public @Nullable Frame farewell(Failure reason) {
            return stage == Stage.RESUMED ? null : giveUpUnlessHandedOver(reason);
        }

        @Override
        public void onEnd(VmmigException reason) {
            data.fail(reason);
        }

        @Override
        public void onClosed() {
            freeOffer();
            onClosed.run();
        }
    }
}
