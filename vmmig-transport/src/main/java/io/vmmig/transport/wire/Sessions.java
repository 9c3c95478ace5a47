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
 * The sessions of a listener whose sources may come back over another connection. So many of them at most are without one, and half
 * as many of one source, since each holds some memory; one more that loses its connection has lost it. Thread-safe.
 */
public final class Sessions implements AutoCloseable {
    /** Each may hold what was received and not read yet. */
    static final int MAX_SUSPENDED = 32;

    private final Duration limit;
    private final Map<SessionId, Member> members = new HashMap<>();
    private final PeerQuota suspended = new PeerQuota(MAX_SUSPENDED);
    private final PeerQuota offerBytes =
            PeerQuota.ofOfferBytes(Runtime.getRuntime().maxMemory());
    private boolean closed;

    /** None yet. @param limit how long a source may be away; zero if none may come back */
    public Sessions(Duration limit) {
        this.limit = limit;
    }

    /** What all its sessions share for large offers. */
    PeerQuota offerBytes() {
        return offerBytes;
    }

    /** A place for a session with that source; null if it cannot come back. */
    @Nullable
    Member begin(Fingerprint source) {
        if (limit.isZero()) {
            return null;
        }
        return new Member(source);
    }

    /**
     * A source has connected that wants to go on with a session, or to say that it does not. Answers it; from then on the
     * connection is the session's, or over. When this throws, the connection is the caller's, and the source is still to be told.
     *
     * @param source whom the handshake has shown
     * @param inTime asked when all has been said; false if the connection has been cut for being slow
     * @throws VmmigException when there is no such session with that source, or what it says of it cannot be
     */
    public void rejoin(Connection connection, Fingerprint source, BooleanSupplier inTime)
            throws IOException, VmmigException, PeerGaveUp {
        Messages.Rejoin rejoin = Rejoins.hear(connection);
        Member member;
        synchronized (this) {
            member = closed ? null : members.get(rejoin.id());
        }
        // Whoever has got hold of a name is told no more than somebody who guesses.
        if (member == null || !member.source.equals(source)) {
            throw Faults.nothingToRejoin();
        }
        if (rejoin.ended()) {
            member.entered().aborted(Rejoins.hearAbort(connection));
            Rejoins.agree(connection, 0);
            Talk.awaitEnd(connection);
            connection.cut();
        } else {
            member.rejoin(connection, rejoin, inTime);
        }
    }

    /** No source comes back any more. Sessions that have a connection go on. Idempotent. */
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
    final class Member implements Comeback {
        private final SessionId id = SessionId.random();
        private final Fingerprint source;
        private volatile Duration agreedLimit = limit;
        private boolean isSuspended;
        private volatile @Nullable Link link;

        private Member(Fingerprint source) {
            this.source = source;
        }

        /** The session begins. */
        void enter(Link theLink) {
            link = theLink;
            synchronized (Sessions.this) {
                members.put(id, this);
            }
        }

        private Link entered() throws VmmigException {
            Link mine = link;
            if (mine == null) {
                throw Faults.nothingToRejoin();
            }
            return mine;
        }

        private void rejoin(Connection connection, Messages.Rejoin rejoin, BooleanSupplier inTime)
                throws IOException, VmmigException {
            Link mine = entered();
            long received = mine.rejoin(rejoin);
            Rejoins.agree(connection, received);
            if (!inTime.getAsBoolean() || !mine.line().resume(connection, rejoin.attempt())) {
                connection.cut();
            }
        }

        private void wake() {
            Link mine = link;
            if (mine != null) {
                mine.line().wake();
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
        public void await(Line line, long since) throws VmmigException {
            if (!line.awaitConnection(since + agreedLimit.toNanos(), Sessions.this::isClosed)) {
                throw Faults.notTakenUpAgain(
                        line.lost(),
                        isClosed()
                                ? "this host has ceased to listen"
                                : "the source did not come back within " + agreedLimit.toMillis() + " ms",
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

        /** Whoever has to hear it comes back for it. */
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
