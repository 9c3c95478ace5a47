// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of a listener that sources may resume. Only a limited number may be without a connection, and half as many of one
 * source, since each holds memory; beyond that, a lost connection ends the session. Thread-safe.
 */
public final class Sessions implements AutoCloseable {
    /** Each may hold bytes that were received and not read yet. */
    static final int MAX_SUSPENDED = 32;

    private final Duration limit;
    private final Map<SessionId, Member> members = new HashMap<>();
    private final PeerQuota suspended = new PeerQuota(MAX_SUSPENDED);
    private final PeerQuota offerBytes =
            PeerQuota.ofOfferBytes(Runtime.getRuntime().maxMemory());
    private boolean closed;

    /** Without sessions. @param limit how long a source may take to reconnect; zero if none may */
    public Sessions(Duration limit) {
        this.limit = limit;
    }

    /** The quota of all sessions for large offers. */
    PeerQuota offerBytes() {
        return offerBytes;
    }

    /** Registers a session with that source; null if it cannot be resumed. */
    @Nullable
    Member begin(Fingerprint source) {
        if (limit.isZero()) {
            return null;
        }
        return new Member(source);
    }

    /**
     * Answers a source that wants to resume a session, or to report its end. Afterwards the connection belongs to the session, or
     * is closed. If this throws, the caller keeps the connection and has to tell the source.
     *
     * @param source authenticated by the handshake
     * @param inTime asked after the exchange; false if the connection has been cut because it was slow
     * @throws VmmigException when there is no such session with that source, or its claims are impossible
     */
    public void rejoin(Connection connection, Fingerprint source, BooleanSupplier inTime)
            throws IOException, VmmigException, PeerAbortedException {
        Messages.Rejoin rejoin = Rejoins.hear(connection);
        Member member;
        synchronized (this) {
            member = closed ? null : members.get(rejoin.id());
        }
        // The same answer for a stolen name as for a guessed one.
        if (member == null || !member.source.equals(source)) {
            throw WireErrors.nothingToRejoin();
        }
        if (rejoin.ended()) {
            member.entered().aborted(Rejoins.hearAbort(connection));
            Rejoins.agree(connection, 0);
            ControlIo.awaitEnd(connection);
            connection.cut();
        } else {
            member.rejoin(connection, rejoin, inTime);
        }
    }

    /** Lets no source resume any more. Sessions that have a connection continue. Idempotent. */
    @Override
    public void close() {
        List<Member> all;
        synchronized (this) {
            closed = true;
            all = List.copyOf(members.values());
        }
        all.forEach(Member::wake);
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** One session. */
    final class Member implements ReconnectStrategy {
        private final SessionId id = SessionId.random();
        private final Fingerprint source;
        private volatile Duration agreedLimit = limit;
        private boolean isSuspended;
        private volatile @Nullable FramedConnection link;

        private Member(Fingerprint source) {
            this.source = source;
        }

        /** The session begins. */
        void enter(FramedConnection theLink) {
            link = theLink;
            synchronized (Sessions.this) {
                members.put(id, this);
            }
        }

        private FramedConnection entered() throws VmmigException {
            FramedConnection mine = link;
            if (mine == null) {
                throw WireErrors.nothingToRejoin();
            }
            return mine;
        }

        private void rejoin(Connection connection, Messages.Rejoin rejoin, BooleanSupplier inTime)
                throws IOException, VmmigException {
            FramedConnection mine = entered();
            long received = mine.rejoin(rejoin);
            Rejoins.agree(connection, received);
            if (!inTime.getAsBoolean() || !mine.channel().resume(connection, rejoin.attempt())) {
                connection.cut();
            }
        }

        private void wake() {
            FramedConnection mine = link;
            if (mine != null) {
                mine.channel().wake();
            }
        }

        @Override
        public Resumption offered() {
            return new Resumption(limit, id);
        }

        @Override
        public void agreed(Resumption theirs) {
            agreedLimit = theirs.within().compareTo(limit) < 0 ? theirs.within() : limit;
        }

        @Override
        public Duration limit() {
            return agreedLimit;
        }

        @Override
        public boolean suspend() {
            synchronized (Sessions.this) {
                if (isSuspended) {
                    return true;
                }
                isSuspended = !closed && suspended.tryTake(source, 1);
                return isSuspended;
            }
        }

        @Override
        public void await(ResumableChannel channel, long since) throws VmmigException {
            if (!channel.awaitConnection(since + agreedLimit.toNanos(), Sessions.this::isClosed)) {
                throw WireErrors.notResumed(
                        channel.lost(),
                        isClosed()
                                ? "this host has stopped listening"
                                : "the source did not reconnect within " + agreedLimit.toMillis() + " ms",
                        null);
            }
        }

        @Override
        public void resumed() {
            synchronized (Sessions.this) {
                if (isSuspended) {
                    suspended.release(source, 1);
                    isSuspended = false;
                }
            }
        }

        /** The source reconnects for it. */
        @Override
        public void farewellUnheard(Frame farewell) {}

        @Override
        public boolean keepsLastWords() {
            return !isClosed();
        }

        @Override
        public void close() {
            resumed();
            synchronized (Sessions.this) {
                members.remove(id);
            }
        }
    }
}
