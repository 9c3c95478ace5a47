// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.crypto.AgeSealing;
import io.vmmig.crypto.NodeKeys;
import io.vmmig.crypto.SealingOutputStream;
import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockOutput;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
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

    private final FramedConnection link;
    private final DataOutput data;
    private final NodeKeys destination;
    private final boolean sealing;
    private @Nullable SealingOutputStream sealed;
    private Runnable onClose = () -> {};

    // Guarded by the link.
    private Stage stage = Stage.CONNECTED;
    private @Nullable Acceptance acceptance;
    /** Whether the present package is a baseline, which has one part, and after which another offer follows. */
    private boolean baseline;

    private boolean ready;
    private boolean refused;

    private WireOutgoingSession(
            Connection connection,
            String peer,
            NodeKeys destination,
            boolean sealing,
            Timeouts timeouts,
            Redialer redial) {
        this.destination = destination;
        this.sealing = sealing;
        ReconnectStrategy reconnecting =
                timeouts.resume().isZero() ? null : new Reconnector(redial, timeouts.resume(), timeouts.connect());
        link = new FramedConnection(connection, peer, timeouts, new Source(), reconnecting);
        data = new DataOutput(link, this::requireWritable);
    }

    /**
     * A session on a connection whose preambles have been exchanged; it takes over the connection.
     *
     * @param destination authenticated by the handshake
     * @param sealing whether the package is sealed for the destination
     * @param redial how to get another one if that breaks
     */
    public static WireOutgoingSession start(
            Connection connection,
            String peer,
            NodeKeys destination,
            boolean sealing,
            Timeouts timeouts,
            Redialer redial)
            throws IOException {
        WireOutgoingSession session = new WireOutgoingSession(connection, peer, destination, sealing, timeouts, redial);
        session.link.start();
        return session;
    }

    /** Has {@link #close} run that at its end; to be called once, before others know the session. */
    public void onClose(Runnable action) {
        onClose = action;
    }

    @Override
    public Set<String> recipients() {
        return Set.of(destination.fingerprint().hex());
    }

    @Override
    public void onReconnected(Consumer<Duration> listener) {
        link.onResumed(listener);
    }

    @Override
    public Acceptance offer(Offer offer) throws VmmigException {
        link.send(new Frame(Kind.OFFER, Messages.offer(offer)), () -> {
            advance(Stage.CONNECTED, Stage.OFFERED);
            baseline = offer.manifest().baseline();
        });
        link.await(() -> stage == Stage.ACCEPTED);
        beginPart();
        return Objects.requireNonNull(acceptance);
    }

    @Override
    public OutputStream packageStream() {
        return sealing ? new Sealed() : data;
    }

    /** Continues with the next part when one has ended. */
    private final class Sealed extends BlockOutput {
        private OutputStream part() {
            return sealed == null ? data : sealed;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            part().write(bytes, offset, length);
        }

        @Override
        public void flush() throws IOException {
            part().flush();
        }
    }

    private void beginPart() throws VmmigException {
        if (sealing) {
            try {
                sealed = AgeSealing.seal(data, List.of(destination.sealing()));
            } catch (IOException e) {
                throw WireErrors.lost(link.peer(), e);
            }
        }
    }

    private void endPart() throws VmmigException {
        try {
            if (sealed != null) {
                sealed.finish();
            }
            data.flush();
        } catch (IOException e) {
            throw WireErrors.lost(link.peer(), e);
        }
    }

    @Override
    public void awaitReady() throws VmmigException {
        endPart();
        link.send(
                new Frame(Kind.WAITING, Messages.waiting(data.total())), () -> advance(Stage.ACCEPTED, Stage.WAITING));
        link.await(() -> ready);
        boolean moreFollows = link.locked(() -> {
            advance(Stage.WAITING, baseline ? Stage.CONNECTED : Stage.READY);
            ready = !baseline;
            return ready;
        });
        if (moreFollows) {
            beginPart();
        }
    }

    @Override
    public void finish() throws VmmigException {
        endPart();
        link.send(
                new Frame(Kind.COMPLETE, Messages.complete(data.total())), () -> advance(Stage.READY, Stage.COMPLETED));
        link.await(() -> stage == Stage.RESTORED);
    }

    @Override
    public void commit() throws VmmigException {
        boolean[] mayHaveLeft = {false};
        try {
            // A message that was not sent cannot be lost.
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
            throw WireErrors.outcomeUnknown(link.peer(), e);
        }
    }

    private boolean isRefused() {
        return link.locked(() -> refused);
    }

    /**
     * Ends the session at once, as if the connection had broken for {@code reason}, and tries to tell the destination. Never
     * throws, never blocks.
     */
    public void fail(VmmigException reason) {
        link.end(reason, true);
    }

    @Override
    public void abort(@Nullable Failure reason) {
        if (!isCommitted()) {
            VmmigException local = reason == null ? WireErrors.closedHere() : VmmigException.of(reason, null);
            link.end(local, () -> abortFrame(reason));
        }
    }

    @Override
    public void close() {
        try {
            if (link.locked(() -> stage == Stage.RESUMED)) {
                link.endInPeace();
            } else {
                link.end(WireErrors.closedHere(), () -> abortFrame(null));
            }
            link.awaitClosed();
        } finally {
            onClose.run();
        }
    }

    private boolean isCommitted() {
        return link.locked(() -> stage.compareTo(Stage.COMMITTING) >= 0);
    }

    /** Null once the destination may own the guest: COMMIT cannot be taken back. */
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
            throw new IllegalStateException("a package can only be written between the offer and its end: " + now);
        }
    }

    /** What the destination says. */
    private final class Source implements Conversation {
        @Override
        public void onControl(Kind kind, byte[] payload) throws VmmigException, PeerAbortedException {
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
                            throw WireErrors.violation(kind + " while the source is " + stage);
                        }
                        ready = true;
                    });
                case RESTORED -> link.update(() -> answer(kind, Stage.COMPLETED, Stage.RESTORED));
                case RESUMED -> link.update(() -> answer(kind, Stage.COMMITTING, Stage.RESUMED));
                case REFUSE -> {
                    Failure failure = Messages.readRefuse(payload);
                    link.update(() -> {
                        if (stage == Stage.RESUMED) {
                            throw WireErrors.violation("REFUSE after RESUMED");
                        }
                        refused = true;
                    });
                    throw new PeerAbortedException(failure);
                }
                default -> throw WireErrors.violation(kind + " from a destination");
            }
        }

        private void answer(Kind kind, Stage from, Stage to) throws VmmigException {
            if (stage != from) {
                throw WireErrors.violation(kind + " while the source is " + stage);
            }
            stage = to;
        }

        @Override
        public void onData(InputStream in, int length) throws VmmigException {
            throw WireErrors.violation("DATA from a destination");
        }

        @Override
        public @Nullable Frame farewell(Failure reason) {
            return abortFrame(reason);
        }

        @Override
        public void onEnd(VmmigException reason) {}
    }
}
