// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The source's strategy: dial until the destination answers or the time is over, with growing pauses. */
final class Reconnector implements ReconnectStrategy {
    private static final Logger LOG = LoggerFactory.getLogger(Reconnector.class);
    static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private final Redialer redial;
    private final Duration connect;
    private volatile Duration limit;

    private volatile @Nullable SessionId id;

    // For the reader's thread.
    private long attempts;
    private long outage;
    private Duration pause = FIRST_PAUSE;

    /**
     * For one session.
     *
     * @param limit how long to keep trying
     * @param connect how long one attempt may take
     */
    Reconnector(Redialer redial, Duration limit, Duration connect) {
        this.redial = redial;
        this.limit = limit;
        this.connect = connect;
    }

    @Override
    public Resumption offered() {
        return new Resumption(limit, null);
    }

    @Override
    public void agreed(Resumption theirs) throws VmmigException {
        if (theirs.id() == null) {
            throw WireErrors.violation("a session that can be taken up again, and has no name");
        }
        id = theirs.id();
        // The destination stops waiting then.
        limit = theirs.within().compareTo(limit) < 0 ? theirs.within() : limit;
    }

    @Override
    public Duration limit() {
        return limit;
    }

    @Override
    public boolean suspend() {
        return true;
    }

    @Override
    public void await(ResumableChannel channel, long since) throws VmmigException {
        if (since != outage) {
            outage = since;
            pause = FIRST_PAUSE;
        } else if (!channel.isDown() || pauseOn(channel, since + limit.toNanos())) {
            return;
        }
        String why = "nobody answered within " + limit.toMillis() + " ms";
        while (channel.isDown()) {
            Duration left = Duration.ofNanos(since + limit.toNanos() - System.nanoTime());
            if (left.toMillis() <= 0) {
                throw WireErrors.notResumed(channel.lost(), why, null);
            }
            try {
                join(channel, left.compareTo(connect) < 0 ? left : connect);
                return;
            } catch (PeerAbortedException e) {
                throw e.reason().problem() == Problem.PEER_UNTRUSTED
                        ? e.reason()
                        : WireErrors.notResumed(
                                channel.lost(), e.reason().failure().what(), e);
            } catch (NotReachedException e) {
                why = e.reason.failure().what();
            } catch (IOException e) {
                why = e.toString();
            }
            LOG.debug("could not resume yet: {}", why);
            if (pauseOn(channel, since + limit.toNanos())) {
                return;
            }
        }
    }

    /** True if the channel no longer needs a connection. */
    private boolean pauseOn(ResumableChannel channel, long end) {
        boolean needless = channel.awaitConnection(Math.min(end, System.nanoTime() + pause.toNanos()));
        pause = longer(pause);
        return needless;
    }

    /** The destination was not reached; this does not come from the destination itself. */
    private static final class NotReachedException extends Exception {
        private static final long serialVersionUID = 1;

        private final VmmigException reason;

        NotReachedException(VmmigException reason) {
            super(reason);
            this.reason = reason;
        }
    }

    private Connection dial(Duration within) throws IOException, PeerAbortedException, NotReachedException {
        try {
            return redial.dial(within);
        } catch (VmmigException e) {
            throw new NotReachedException(e);
        }
    }

    private void join(ResumableChannel channel, Duration within)
            throws IOException, VmmigException, PeerAbortedException, NotReachedException {
        long end = System.nanoTime() + within.toNanos();
        Connection next = dial(within);
        boolean joined = false;
        ScheduledFuture<?> deadline = Watchdog.in(
                Duration.ofNanos(Math.max(end - System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(1))), next::cut);
        try {
            if (!channel.isDown()) {
                return;
            }
            attempts++;
            Rejoins.ask(next, new Messages.Rejoin(Objects.requireNonNull(id), attempts, channel.received(), false));
            channel.rewind(Rejoins.await(next));
            joined = deadline.cancel(false) && channel.resume(next, 0);
        } finally {
            deadline.cancel(false);
            if (!joined) {
                next.cut();
            }
        }
    }

    @Override
    public void resumed() {}

    /** Dials as long as the destination may wait for this source. */
    @Override
    public void farewellUnheard(Frame farewell) {
        SessionId session = id;
        if (session != null) {
            Thread thread = new Thread(() -> sayFarewell(session, farewell), "vmmig-farewell");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void sayFarewell(SessionId session, Frame farewell) {
        long end = System.nanoTime() + limit.toNanos();
        Duration wait = FIRST_PAUSE;
        while (!tryFarewell(session, farewell) && System.nanoTime() + wait.toNanos() < end) {
            LockSupport.parkNanos(wait.toNanos());
            wait = longer(wait);
        }
    }

    /** Whether no further attempt is needed. */
    private boolean tryFarewell(SessionId session, Frame farewell) {
        try {
            Connection connection = dial(connect);
            ScheduledFuture<?> deadline = Watchdog.in(connect, connection::cut);
            try {
                Rejoins.ask(connection, new Messages.Rejoin(session, 0, 0, true));
                Rejoins.abort(connection, farewell);
                Rejoins.await(connection);
            } finally {
                deadline.cancel(false);
                connection.cut();
            }
            return true;
        } catch (PeerAbortedException e) {
            LOG.debug("the destination had ended by itself", e.reason());
            return true;
        } catch (VmmigException e) {
            LOG.debug("could not send the last frame", e);
            return true;
        } catch (NotReachedException | IOException e) {
            LOG.debug("could not send the last frame yet", e);
            return false;
        }
    }

    private static Duration longer(Duration pause) {
        Duration next = pause.multipliedBy(2);
        return next.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : next;
    }

    /** A destination does not dial. */
    @Override
    public boolean keepsLastWords() {
        return false;
    }

    @Override
    public void close() {}
}
