// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The source's side of a connection. */
public final class WireOutgoingSession implements OutgoingSession {
    private enum Stage {
        CONNECTED,
        OFFERED,
        ACCEPTED,
        WAITING,
        READY,
        COMPLETED,
        RESTORED,
        COMMITTING,
        RESUMED
    }

    private final Link link;
    private final DataOutput data;

    // Guarded by the link.
    private Stage stage = Stage.CONNECTED;
    private @Nullable Acceptance acceptance;
    private boolean ready;
    private boolean refused;

    private WireOutgoingSession(Connection connection, String peer, Timeouts timeouts, Redial redial) {
        Comeback comeback =
                timeouts.resume().isZero() ? null : new Redialling(redial, timeouts.resume(), timeouts.connect());
        link = new Link(connection, peer, timeouts, new Source(), comeback);
        data = new DataOutput(link, this::requireWritable);
    }

    /**
     * A session on a connection whose preambles have been exchanged; it owns the connection from now on.
     *
     * @param redial how to get another one if that breaks
     */
    public static WireOutgoingSession start(Connection connection, String peer, Timeouts timeouts, Redial redial)
            throws IOException {
        WireOutgoingSession session = new WireOutgoingSession(connection, peer, timeouts, redial);
        session.link.start();
        return session;
    }

    @Override
    public void onReconnected(Consumer<Duration> listener) {
        link.onResumed(listener);
    }

    @Override
    public Acceptance offer(Offer offer) throws VmmigException {
        link.send(new Frame(Kind.OFFER, Messages.offer(offer)), () -> advance(Stage.CONNECTED, Stage.OFFERED));
        link.await(() -> stage == Stage.ACCEPTED);
        return Objects.requireNonNull(acceptance);
    }

    @Override
    public OutputStream packageStream() {
        return data;
    }

    @Override
    public void awaitReady() throws VmmigException {
        flush();
        link.send(
                new Frame(Kind.WAITING, Messages.waiting(data.total())), () -> advance(Stage.ACCEPTED, Stage.WAITING));
        link.await(() -> ready);
        link.locked(() -> {
            advance(Stage.WAITING, Stage.READY);
            return true;
        });
    }

    private void flush() throws VmmigException {
        try {
            data.flush();
        } catch (IOException e) {
            throw Faults.lost(link.peer(), e);
        }
    }

    @Override
    public void finish() throws VmmigException {
        flush();
        link.send(
                new Frame(Kind.COMPLETE, Messages.complete(data.total())), () -> advance(Stage.READY, Stage.COMPLETED));
        link.await(() -> stage == Stage.RESTORED);
    }

    @Override
    public void commit() throws VmmigException {
        boolean[] mayHaveLeft = {false};
        try {
            // What is not said cannot be lost on its way.
            link.awaitConnected();
            link.send(Frame.empty(Kind.COMMIT), () -> {
                advance(Stage.RESTORED, Stage.COMMITTING);
                mayHaveLeft[0] = true;
            });
            link.awaitUninterruptibly(() -> stage == Stage.RESUMED);
        } catch (VmmigException e) {
            if (!mayHaveLeft[0] || isRefused()) {
                throw e;
            }
            throw Faults.outcomeUnknown(link.peer(), e);
        }
    }

    private boolean isRefused() {
        return link.locked(() -> refused);
    }

    /**
     * Ends it at once, as though the connection had broken for {@code reason}; the destination is told as far as that may be.
     * Never throws, never blocks.
     */
    public void fail(VmmigException reason) {
        link.end(reason, true);
    }

    @Override
    public void abort(@Nullable Failure reason) {
        if (!isCommitted()) {
            VmmigException local = reason == null ? Faults.closedHere() : VmmigException.of(reason, null);
            link.end(local, () -> abortFrame(reason));
        }
    }

    @Override
    public void close() {
        if (link.locked(() -> stage == Stage.RESUMED)) {
            link.endInPeace();
        } else {
            link.end(Faults.closedHere(), () -> abortFrame(null));
        }
        link.awaitClosed();
    }

    private boolean isCommitted() {
        return link.locked(() -> stage.compareTo(Stage.COMMITTING) >= 0);
    }

    /** Null once the guest may be the destination's: it cannot be taken back. */
    private @Nullable Frame abortFrame(@Nullable Failure reason) {
        return stage.compareTo(Stage.COMMITTING) < 0 ? new Frame(Kind.ABORT, Messages.abort(reason)) : null;
    }

    private void advance(Stage from, Stage to) {
        if (stage != from) {
            throw new IllegalStateException("not " + to + " after " + stage);
        }
        stage = to;
    }

    private void requireWritable() {
        Stage now = link.locked(() -> stage);
        if (now != Stage.ACCEPTED && now != Stage.READY) {
            throw new IllegalStateException(
                    "the package is written after the offer and before the end, not now: " + now);
        }
    }

    /** What the destination says. */
    private final class Source implements Conversation {
        @Override
        public void onControl(Kind kind, byte[] payload) throws VmmigException, PeerGaveUp {
            switch (kind) {
                case ACCEPT -> {
                    Acceptance theirs = Messages.readAccept(payload);
                    link.update(() -> {
                        answer(kind, Stage.OFFERED, Stage.ACCEPTED);
                        acceptance = theirs;
                    });
                }
                case READY ->
                    link.update(() -> {
                        if (ready || (stage != Stage.ACCEPTED && stage != Stage.WAITING)) {
                            throw Faults.violation(kind + " while the source is " + stage);
                        }
                        ready = true;
                    });
                case RESTORED -> link.update(() -> answer(kind, Stage.COMPLETED, Stage.RESTORED));
                case RESUMED -> link.update(() -> answer(kind, Stage.COMMITTING, Stage.RESUMED));
                case REFUSE -> {
                    Failure failure = Messages.readRefuse(payload);
                    link.update(() -> {
                        if (stage == Stage.RESUMED) {
                            throw Faults.violation("REFUSE after RESUMED");
                        }
                        refused = true;
                    });
                    throw new PeerGaveUp(failure);
                }
                default -> throw Faults.violation(kind + " from a destination");
            }
        }

        private void answer(Kind kind, Stage from, Stage to) throws VmmigException {
            if (stage != from) {
                throw Faults.violation(kind + " while the source is " + stage);
            }
            stage = to;
        }

        @Override
        public void onData(InputStream in, int length) throws VmmigException {
            throw Faults.violation("DATA from a destination");
        }

        @Override
        public @Nullable Frame farewell(Failure reason) {
            return abortFrame(reason);
        }

        @Override
        public void onEnd(VmmigException reason) {}
    }
}
