// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.crypto.NodeStore;
import io.vmmig.crypto.TrustedNodes;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.OutcomeBook;
import io.vmmig.transport.wire.Inquiries;
import io.vmmig.transport.wire.PeerGaveUp;
import io.vmmig.transport.wire.PeerQuota;
import io.vmmig.transport.wire.Sessions;
import io.vmmig.transport.wire.Talk;
import io.vmmig.transport.wire.Timeouts;
import io.vmmig.transport.wire.Watchdog;
import io.vmmig.transport.wire.WireIncomingSession;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where other hosts knock with guests.
 *
 * <pre>{@code
 * try (TlsListener listener = TlsListener.on("0.0.0.0", 16550)
 *         .as(HostIdentity.in(identityDirectory))
 *         .trusting(NodeStore.in(nodesDirectory))
 *         .listen()) {
 *     IncomingSession session = listener.accept(Duration.ofMinutes(1));
 *     …
 * }
 * }</pre>
 *
 * <p>Connections are secured beside each other, each within the connect timeout; a peer that is not trusted, or does not
 * get that far, is logged and forgotten, and disturbs nobody; of very many, only some are logged. A host that is trusted gets no more
 * of what this program has for all than it leaves to the others; one alone, a session for each 4 MiB of the heap, and at least 16.
 * Thread-safe; several threads may accept.
 */
public final class TlsListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TlsListener.class);
    /** Peers that have not shown yet who they are. */
    private static final int MAX_HALF_OPEN = 64;
    /** Trusted peers that ask what became of a guest, or take up a connection again, at this moment. */
    private static final int MAX_TALKS = 64;
    /** What the system may take before this program does, of a flood that begins while it is busy. */
    private static final int BACKLOG = 512;

    private final Config config;
    private final ServerSocket server;
    private final HalfOpenConnections halfOpen = new HalfOpenConnections(MAX_HALF_OPEN, new Random());
    /** Of sessions. Not private, for tests of what leaves its place. */
    final PeerQuota places = PeerQuota.ofSessions(Runtime.getRuntime().maxMemory());

    private final PeerQuota talks = new PeerQuota(MAX_TALKS);
    /** To be accepted. Guards itself. */
    private final List<Waiting> waiting = new ArrayList<>();

    private final RefusalLog refusals = new RefusalLog(LOG::warn, System::nanoTime);
    private final TrustWatch watch;
    private final Sessions sessions;
    private final @Nullable Reception reception;
    private volatile boolean closed;

    /** A session that nobody has seen yet, and what it occupies. */
    private record Waiting(TlsIncomingSession session, Place place) {}

    private record Config(
            String host,
            int port,
            HostIdentity self,
            Trust trust,
            Timeouts timeouts,
            @Nullable NodeCard card,
            Consumer<Introduction> strangers,
            Consumer<VmmigException> onRejected,
            OutcomeBook outcomes) {
        Config with(Timeouts timeouts) {
            return new Config(host, port, self, trust, timeouts, card, strangers, onRejected, outcomes);
        }

        Config with(NodeCard card, Consumer<Introduction> strangers) {
            return new Config(host, port, self, trust, timeouts, card, strangers, onRejected, outcomes);
        }

        Config with(Consumer<VmmigException> onRejected) {
            return new Config(host, port, self, trust, timeouts, card, strangers, onRejected, outcomes);
        }

        Config answering(OutcomeBook outcomes) {
            return new Config(host, port, self, trust, timeouts, card, strangers, onRejected, outcomes);
        }
    }

    private TlsListener(Config config, ServerSocket server, TrustWatch watch) {
        this.config = config;
        this.server = server;
        this.watch = watch;
        this.sessions = new Sessions(config.timeouts.resume());
        this.reception = config.card == null ? null : new Reception(config.self, config.card, config.strangers);
    }

    /**
     * Begins with where to listen.
     *
     * @param address an address or name of this host; {@code 0.0.0.0} or {@code ::} for all
     * @param port from 1 to 65535, or 0 for any that is free
     */
    public static Address on(String address, int port) {
        return new Address(Objects.requireNonNull(address), port);
    }

    /** An address; missing is who listens. */
    public static final class Address {
        private final String host;
        private final int port;

        private Address(String host, int port) {
            this.host = host;
            this.port = port;
        }

        /** Goes on with who this host is. */
        public Introduced as(HostIdentity self) {
            return new Introduced(this, Objects.requireNonNull(self));
        }
    }

    /** An address and who listens; missing is who may come. */
    public static final class Introduced {
        private final Address address;
        private final HostIdentity self;

        private Introduced(Address address, HostIdentity self) {
            this.address = address;
            this.self = self;
        }

        /** Goes on with the fingerprints of the hosts that may come, and no other may. */
        public Ready trusting(Set<Fingerprint> peers) {
            return ready(Trust.in(Set.copyOf(peers)));
        }

        /**
         * Goes on with the hosts that may come, and no other may; they are asked each time. What is open with a host that is
         * trusted no more ends at once, with {@link Problem#PEER_UNTRUSTED} at both ends; but a guest that has been handed over
         * to this host stays.
         */
        public Ready trusting(TrustedNodes nodes) {
            return ready(Trust.in(Objects.requireNonNull(nodes)));
        }

        private Ready ready(Trust trust) {
            return new Ready(new Config(
                    address.host,
                    address.port,
                    self,
                    trust,
                    Timeouts.DEFAULT,
                    null,
                    stranger -> {},
                    rejected -> {},
                    (packageId, asker) -> Outcome.UNHEARD_OF));
        }
    }

    /** All that is needed; the rest is fine as it is. Immutable. */
    public static final class Ready {
        private final Config config;

        private Ready(Config config) {
            this.config = config;
        }

        /** How long a peer may take to show who it is. Ten seconds when not said; at least 100 ms. */
        public Ready connectTimeout(Duration timeout) {
            return new Ready(config.with(config.timeouts.withConnect(timeout)));
        }

        /** After how long without any sign of life a source is taken for dead. Thirty seconds when not said; at least 100 ms. */
        public Ready idleTimeout(Duration timeout) {
            return new Ready(config.with(config.timeouts.withIdle(timeout)));
        }

        /**
         * How long a source that lives may take for what it owes: its offer, when it has connected; each 64 KiB of the package; the word
         * that the guest is handed over. It may take twelve times as long before it begins to send the package, or the rest of it after
         * the guest was suspended. After that it is given up, and told so. Not counted is the time in which this host has
         * something to do first. Five minutes when not said; at least 100 ms.
         */
        public Ready progressTimeout(Duration timeout) {
            return new Ready(config.with(config.timeouts.withProgress(timeout)));
        }

        /**
         * For how long a transfer waits for its source to come back after their connection has broken, or nothing was heard for the
         * idle timeout. The guest stands still meanwhile, and what is here of it stays. Only as long as this listens: keep it open
         * while guests arrive. Thirty seconds when not said, and never longer than the source tries; at least 100 ms, or zero to give
         * up at once. Of very many transfers, those that lose their connection last are given up.
         */
        public Ready resumingWithin(Duration limit) {
            return new Ready(config.with(config.timeouts.withResume(limit)));
        }

        /**
         * Lets every host that reaches the port introduce itself, which it is not when this is not called: it shows its card,
         * sees the card of this host, and can do nothing else ({@link Introduction}). It is not trusted by that: let people
         * compare the {@linkplain Introduction#code code} at both hosts before {@link NodeStore#add}. The card of a trusted host that has renewed its
         * keys can go to {@link NodeStore#renew} first, which takes it, or throws {@link Problem#NODE_UNKNOWN}.
         *
         * <p>Strangers who come too often, or while many cards wait to be taken, are turned away.
         *
         * @param name what people call this host: 1 to 63 letters, digits, dots and hyphens, beginning with a letter or digit
         * @param strangers takes the introductions of those who have come, who hold the secrets of the keys on their cards; called by one
         *     thread of its own, and may take its time; what it throws is logged
         * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the name is anything else
         */
        public Ready introducing(String name, Consumer<Introduction> strangers) throws VmmigException {
            return new Ready(config.with(config.self.card(name), Objects.requireNonNull(strangers)));
        }

        /**
         * Answers trusted sources that ask what became of a package, after they have lost the connection over which its guest
         * was being handed over; such as by {@link io.vmmig.Recovery#outcomesIn}. Without this they are told that
         * nothing is known, and a person has to look.
         */
        public Ready answering(OutcomeBook outcomes) {
            return new Ready(config.answering(Objects.requireNonNull(outcomes)));
        }

        /**
         * Told of each peer that was turned away, and why, such as with {@link Problem#PEER_UNTRUSTED}; for an audit log.
         * Called by the peer's own thread; what it throws is logged. Everybody who reaches the port decides how often.
         */
        public Ready onRejected(Consumer<VmmigException> listener) {
            return new Ready(config.with(Objects.requireNonNull(listener)));
        }

        /**
         * Listens from now on.
         *
         * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the address is not one of this host, or is taken;
         *     what {@link TrustedNodes#onRemoval} throws
         */
        public TlsListener listen() throws VmmigException {
            WarmUp.begin();
            TrustWatch watch = TrustWatch.over(config.trust.nodes(), config.self.fingerprint());
            try {
                ServerSocket server = new ServerSocket();
                try {
                    server.bind(new InetSocketAddress(config.host, config.port), BACKLOG);
                } catch (IOException e) {
                    server.close();
                    throw e;
                }
                TlsListener listener = new TlsListener(config, server, watch);
                listener.daemon("listener " + listener.port(), listener::listen);
                return listener;
            } catch (IOException | IllegalArgumentException e) {
                watch.close();
                throw VmmigException.of(
                        io.vmmig.error.Failure.of(
                                Problem.REQUEST_INVALID,
                                "cannot listen on " + config.host + " port " + config.port + ": " + e.getMessage(),
                                "Choose an address of this host and a free port."),
                        e);
            }
        }
    }

    /** The port that it listens on. */
    public int port() {
        return server.getLocalPort();
    }

    /**
     * The next source that has shown who it is; waits for one. Those that have offered something come before those that have not. The
     * session is the caller's to close.
     *
     * @throws VmmigException with {@link Problem#PEER_STALLED} when none came within {@code timeout}, with
     *     {@link Problem#CANCELLED} when the listener was closed or the thread interrupted
     */
    public IncomingSession accept(Duration timeout) throws VmmigException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            synchronized (waiting) {
                while (!closed) {
                    for (Waiting one : waiting) {
                        if (one.session.hasOffer()) {
                            return taken(one);
                        }
                    }
                    if (!waiting.isEmpty()) {
                        return taken(waiting.get(0));
                    }
                    long left = deadline - System.nanoTime();
                    if (left <= 0) {
                        throw new TransportException(
                                Problem.PEER_STALLED, "no host came within " + timeout.toMillis() + " ms", "");
                    }
                    TimeUnit.NANOSECONDS.timedWait(waiting, left);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw VmmigException.of(Problem.CANCELLED, "the thread that waited for a host was interrupted", "");
        }
        throw VmmigException.of(Problem.CANCELLED, "the listener was closed", "");
    }

    private IncomingSession taken(Waiting one) {
        waiting.remove(one);
        one.place.leave();
        return one.session;
    }

    private void daemon(String what, Runnable work) {
        Thread thread = new Thread(work, "vmmig-" + what);
        thread.setDaemon(true);
        thread.start();
    }

    private void listen() {
        while (!closed) {
            try {
                Socket raw = server.accept();
                Socket evicted = halfOpen.add(raw);
                if (evicted != null) {
                    Sockets.closeQuietly(evicted);
                }
                try {
                    daemon("handshake " + raw.getRemoteSocketAddress(), () -> welcome(raw));
                } catch (OutOfMemoryError e) {
                    halfOpen.remove(raw);
                    Sockets.closeQuietly(raw);
                    throw e;
                }
            } catch (IOException | OutOfMemoryError e) {
                if (!closed) {
                    refusals.say("could not take a connection: " + e);
                    pause();
                }
            }
        }
    }

    /** Such as while this process has no file descriptor left: to try at once again would only burn the processor. */
    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void welcome(Socket raw) {
        String address = String.valueOf(raw.getRemoteSocketAddress()).replaceFirst("^/", "");
        Place[] got = new Place[1];
        try {
            TlsConnection connection = Handshake.ofServer(
                            config.self,
                            config.trust,
                            reception != null,
                            address,
                            (peer, protocol) -> got[0] = place(raw, peer, protocol.isEmpty() ? places : talks))
                    .perform(raw, config.timeouts.connect());
            Fingerprint peer = connection.peer().fingerprint();
            String name = "host " + address + " (fingerprint " + peer + ")";
            if (reception != null && connection.protocol().equals(Handshake.INTRODUCTION)) {
                reception.welcome(connection, name, config.timeouts.connect());
            } else if (got[0] == null) {
                throw turnedAway(connection, name);
            } else if (connection.protocol().equals(Handshake.INQUIRY)) {
                answer(connection, peer, name);
            } else if (connection.protocol().equals(Handshake.RESUME)) {
                rejoin(connection, peer, name);
            } else {
                begin(connection, peer, name, got[0]);
            }
        } catch (VmmigException e) {
            refusals.say("turned away " + address + ": " + e.getMessage());
            tell(e);
        } catch (IOException e) {
            refusals.say("lost " + address + " before anything was said: " + e);
            Sockets.closeQuietly(raw);
        } catch (RuntimeException | Error e) {
            refusals.say("gave " + address + " up: " + e);
            LOG.debug("{} was given up", address, e);
            Sockets.closeQuietly(raw);
        } finally {
            halfOpen.remove(raw);
            if (got[0] != null) {
                got[0].leave();
            }
        }
    }

    /** What a trusted peer has of what there is for all, until all have left who need it. */
    private static final class Place {
        private final PeerQuota of;
        private final Fingerprint peer;
        private final AtomicInteger users = new AtomicInteger(1);

        Place(PeerQuota of, Fingerprint peer) {
            this.of = of;
            this.peer = peer;
        }

        void enter() {
            users.incrementAndGet();
        }

        void leave() {
            if (users.decrementAndGet() == 0) {
                of.release(peer, 1);
            }
        }
    }

    /** For a peer that has shown who it is, from when on strangers cannot crowd it out; null if it has too much already. */
    private @Nullable Place place(Socket raw, Fingerprint peer, PeerQuota quota) {
        if (!quota.tryTake(peer, 1)) {
            return null;
        }
        Place place = new Place(quota, peer);
        if (halfOpen.remove(raw)) {
            return place;
        }
        place.leave();
        return null;
    }

    private VmmigException turnedAway(TlsConnection connection, String name) {
        VmmigException why = new TransportException(
                Problem.PEER_FAILED,
                "the destination has as many connections with " + name + ", or in all, as it bears",
                "Wait until other transfers to it have ended, then start again.");
        if (connection.protocol().equals(Handshake.INQUIRY)) {
            new ShortTalk(connection, name, "inquiry").refuse(why);
        } else if (connection.protocol().equals(Handshake.RESUME)) {
            // A refusal would be the end of the session.
            connection.cut();
        } else {
            turnAway(connection, why);
        }
        return why;
    }

    private void turnAway(TlsConnection connection, VmmigException why) {
        ScheduledFuture<?> deadline = Watchdog.in(Sockets.LAST_WORDS, connection::cut);
        try {
            WireIncomingSession.turnAway(connection, config.timeouts, why.failure());
        } catch (IOException e) {
            LOG.debug("could not say why there is no session", e);
        } finally {
            deadline.cancel(false);
            connection.closeWhenRead();
        }
    }

    /** From here on it is not this listener's to close: it may be accepted at once. */
    private void begin(TlsConnection connection, Fingerprint peer, String name, Place place) throws IOException {
        WireIncomingSession wire;
        place.enter();
        try {
            wire = WireIncomingSession.start(connection, name, config.timeouts, peer, sessions, place::leave);
        } catch (IOException | RuntimeException | Error e) {
            place.leave();
            throw e;
        }
        TlsIncomingSession session;
        try {
            session = new TlsIncomingSession(wire, config.self, peer, watch);
        } catch (RuntimeException | Error e) {
            wire.close();
            throw e;
        }
        synchronized (waiting) {
            if (!closed) {
                // Also one that has ended before it is accepted occupies its place until then.
                place.enter();
                waiting.add(new Waiting(session, place));
                waiting.notifyAll();
                return;
            }
        }
        session.close();
    }

    private void answer(TlsConnection connection, Fingerprint peer, String name) throws VmmigException {
        Outcome said = new ShortTalk(connection, name, "inquiry").within(config.timeouts.connect(), () -> {
            UUID packageId = Inquiries.hear(connection);
            Outcome outcome = config.outcomes.outcomeOf(packageId, Optional.of(peer.toString()));
            Inquiries.answer(connection, outcome);
            Talk.awaitEnd(connection);
            return outcome;
        });
        LOG.info("{} asked what became of a package, and was told {}", name, said);
    }

    private void rejoin(TlsConnection connection, Fingerprint peer, String name) throws VmmigException {
        ScheduledFuture<?> deadline = Watchdog.in(config.timeouts.connect(), connection::cut);
        try {
            sessions.rejoin(connection, peer, () -> deadline.cancel(false));
        } catch (VmmigException e) {
            new ShortTalk(connection, name, "resumption").refuse(e);
            throw e;
        } catch (PeerGaveUp | IOException e) {
            connection.cut();
            LOG.debug("{} did not go on", name, e);
        } finally {
            deadline.cancel(false);
        }
    }

    private void tell(VmmigException rejected) {
        try {
            config.onRejected.accept(rejected);
        } catch (RuntimeException e) {
            LOG.warn("a listener for rejected peers failed", e);
        }
    }

    /**
     * Listens no more. Sources that wait to be accepted are refused; accepted sessions go on, but not over another connection if
     * theirs breaks. Idempotent.
     */
    @Override
    public void close() {
        List<Waiting> unseen;
        synchronized (waiting) {
            closed = true;
            unseen = List.copyOf(waiting);
            waiting.clear();
            waiting.notifyAll();
        }
        try {
            server.close();
        } catch (IOException e) {
            LOG.debug("closing failed", e);
        }
        halfOpen.close();
        unseen.forEach(one -> one.session.close());
        sessions.close();
        if (reception != null) {
            reception.close();
        }
        watch.close();
    }
}
