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
import io.vmmig.transport.HandOverOutcomes;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.wire.ControlIo;
import io.vmmig.transport.wire.Inquiries;
import io.vmmig.transport.wire.PeerAbortedException;
import io.vmmig.transport.wire.PeerQuota;
import io.vmmig.transport.wire.Sessions;
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
 * Listens for hosts that send guests.
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
 * <p>Handshakes run concurrently, each within the connect timeout. A peer that is not trusted, or does not finish its handshake,
 * is logged (at a limited rate) and forgotten, and delays nobody. A trusted host gets at most as much of the listener's resources
 * as it leaves to the others; a single one gets a session for each 4 MiB of the heap, and at least 16. Thread-safe; several
 * threads may accept.
 */
public final class TlsListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TlsListener.class);
    /** The maximum number of peers that are not authenticated yet. */
    private static final int MAX_HALF_OPEN = 64;
    /** The maximum number of trusted peers that inquire or resume at one time. */
    private static final int MAX_TALKS = 64;
    /** The backlog: connections that the system accepts while this program is busy. */
    private static final int BACKLOG = 512;

    private final Config config;
    private final ServerSocket server;
    private final HalfOpenConnections halfOpen = new HalfOpenConnections(MAX_HALF_OPEN, new Random());
    /** The quota for sessions. Not private, for tests. */
    final PeerQuota places = PeerQuota.ofSessions(Runtime.getRuntime().maxMemory());

    private final PeerQuota talks = new PeerQuota(MAX_TALKS);
    /** To be accepted. Guards itself. */
    private final List<Waiting> waiting = new ArrayList<>();

    private final RefusalLog refusals = new RefusalLog(LOG::warn, System::nanoTime);
    private final RevocationMonitor watch;
    private final Sessions sessions;
    private final @Nullable IntroductionHandler introductions;
    private volatile boolean closed;

    /** A session that is not accepted yet, and what it occupies. */
    private record Waiting(WireIncomingSession session, Place place) {}

    private record Config(
            String host,
            int port,
            HostIdentity self,
            Trust trust,
            Timeouts timeouts,
            @Nullable NodeCard card,
            Consumer<Introduction> strangers,
            Consumer<VmmigException> onRejected,
            HandOverOutcomes outcomes) {
        Config with(Timeouts timeouts) {
            return new Config(host, port, self, trust, timeouts, card, strangers, onRejected, outcomes);
        }

        Config with(NodeCard card, Consumer<Introduction> strangers) {
            return new Config(host, port, self, trust, timeouts, card, strangers, onRejected, outcomes);
        }

        Config with(Consumer<VmmigException> onRejected) {
            return new Config(host, port, self, trust, timeouts, card, strangers, onRejected, outcomes);
        }

        Config answering(HandOverOutcomes outcomes) {
            return new Config(host, port, self, trust, timeouts, card, strangers, onRejected, outcomes);
        }
    }

    private TlsListener(Config config, ServerSocket server, RevocationMonitor watch) {
        this.config = config;
        this.server = server;
        this.watch = watch;
        this.sessions = new Sessions(config.timeouts.resume());
        this.introductions =
                config.card == null ? null : new IntroductionHandler(config.self, config.card, config.strangers);
    }

    /**
     * Starts with the address to listen at.
     *
     * @param address an address or name of this host; {@code 0.0.0.0} or {@code ::} for all
     * @param port from 1 to 65535, or 0 for any that is free
     */
    public static Address on(String address, int port) {
        return new Address(Objects.requireNonNull(address), port);
    }

    /** Next step: this host's identity. */
    public static final class Address {
        private final String host;
        private final int port;

        private Address(String host, int port) {
            this.host = host;
            this.port = port;
        }

        /** Sets this host's identity. */
        public Introduced as(HostIdentity self) {
            return new Introduced(this, Objects.requireNonNull(self));
        }
    }

    /** Next step: the trusted hosts. */
    public static final class Introduced {
        private final Address address;
        private final HostIdentity self;

        private Introduced(Address address, HostIdentity self) {
            this.address = address;
            this.self = self;
        }

        /** Accepts only the hosts with these fingerprints. */
        public Ready trusting(Set<Fingerprint> peers) {
            return ready(Trust.in(Set.copyOf(peers)));
        }

        /**
         * Accepts only these hosts, which are asked each time. When a host is no longer trusted, its connections end at once,
         * with {@link Problem#PEER_UNTRUSTED} at both ends; but a guest that has been handed over to this host stays.
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

    /** The complete configuration; all further settings have defaults. Immutable. */
    public static final class Ready {
        private final Config config;

        private Ready(Config config) {
            this.config = config;
        }

        /** How long a handshake may take. Default ten seconds; at least 100 ms. */
        public Ready connectTimeout(Duration timeout) {
            return new Ready(config.with(config.timeouts.withConnect(timeout)));
        }

        /** After how much silence a source is considered dead. Default thirty seconds; at least 100 ms. */
        public Ready idleTimeout(Duration timeout) {
            return new Ready(config.with(config.timeouts.withIdle(timeout)));
        }

        /**
         * How long a live source may take for what it owes: its offer, once connected; each 64 KiB of the package; the hand-over
         * of the guest. It may take twelve times as long before it starts to send the package, or the rest of it after the guest
         * was suspended. After that the listener aborts the session and tells the source. Time in which this host itself is busy
         * does not count. Default five minutes; at least 100 ms.
         */
        public Ready progressTimeout(Duration timeout) {
            return new Ready(config.with(config.timeouts.withProgress(timeout)));
        }

        /**
         * How long a transfer waits for its source to reconnect after the connection broke, or was silent for the idle timeout.
         * The guest stays paused meanwhile, and its data here is kept. Works only while the listener is open: keep it open while
         * guests arrive. Default thirty seconds, and never longer than the source tries; at least 100 ms, or zero to abort at
         * once. If very many transfers lose their connection, the last ones are aborted.
         */
        public Ready resumingWithin(Duration limit) {
            return new Ready(config.with(config.timeouts.withResume(limit)));
        }

        /**
         * Accepts introductions ({@link Introduction}) from every host that reaches the port; by default none are accepted. Such
         * a host exchanges cards with this one, and can do nothing else. It is not trusted afterwards: let people compare the
         * {@linkplain Introduction#code code} at both hosts before {@link NodeStore#add}. Try {@link NodeStore#renew} first for
         * the card of a trusted host that has renewed its keys: it accepts the card, or throws {@link Problem#NODE_UNKNOWN}.
         *
         * <p>Introductions are rejected if they come too often, or while many cards wait.
         *
         * @param name this host's name for people: 1 to 63 letters, digits, dots and hyphens, beginning with a letter or digit
         * @param strangers gets each introduction, whose host has proved that it holds the secrets of the keys on its card;
         *     called by a thread of its own, and may take long; its exceptions are logged
         * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the name is anything else
         */
        public Ready introducing(String name, Consumer<Introduction> strangers) throws VmmigException {
            return new Ready(config.with(config.self.card(name), Objects.requireNonNull(strangers)));
        }

        /**
         * Answers trusted sources that lost the connection during the hand-over and ask for the outcome; use {@link
         * io.vmmig.Recovery#outcomesIn}. Without this they learn nothing, and a person has to look.
         */
        public Ready answering(HandOverOutcomes outcomes) {
            return new Ready(config.answering(Objects.requireNonNull(outcomes)));
        }

        /**
         * Gets each rejected peer and the reason, such as {@link Problem#PEER_UNTRUSTED}; for an audit log. Called by the peer's
         * own thread; its exceptions are logged. Anyone who reaches the port can cause calls, as often as they like.
         */
        public Ready onRejected(Consumer<VmmigException> listener) {
            return new Ready(config.with(Objects.requireNonNull(listener)));
        }

        /**
         * Starts to listen.
         *
         * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the address is not one of this host, or is taken; what
         *     {@link TrustedNodes#onRemoval} throws
         */
        public TlsListener listen() throws VmmigException {
            WarmUp.begin();
            RevocationMonitor watch = RevocationMonitor.over(config.trust.nodes(), config.self.fingerprint());
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

    /** The listening port. */
    public int port() {
        return server.getLocalPort();
    }

    /**
     * Waits for the next authenticated source. Sources that have made an offer come first. The caller closes the session.
     *
     * @throws VmmigException with {@link Problem#PEER_STALLED} when none came within {@code timeout}, with {@link
     *     Problem#CANCELLED} when the listener was closed or the thread interrupted
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
                    daemon("handshake " + raw.getRemoteSocketAddress(), () -> handle(raw));
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

    /** For example, while the process has no file descriptors left: retrying at once would only burn the processor. */
    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void handle(Socket raw) {
        String address = String.valueOf(raw.getRemoteSocketAddress()).replaceFirst("^/", "");
        Place[] got = new Place[1];
        try {
            TlsConnection connection = Handshake.ofServer(
                            config.self,
                            config.trust,
                            introductions != null,
                            address,
                            (peer, protocol) -> got[0] = place(raw, peer, protocol.isEmpty() ? places : talks))
                    .perform(raw, config.timeouts.connect());
            Fingerprint peer = connection.peer().fingerprint();
            String name = "host " + address + " (fingerprint " + peer + ")";
            if (introductions != null && connection.protocol().equals(Handshake.INTRODUCTION)) {
                introductions.handle(connection, name, config.timeouts.connect());
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
            LOG.debug("{} was closed", address, e);
            Sockets.closeQuietly(raw);
        } finally {
            halfOpen.remove(raw);
            if (got[0] != null) {
                got[0].leave();
            }
        }
    }

    /** A trusted peer's share of the listener's resources, until all of its users have returned it. */
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

    /** For an authenticated peer, which strangers can no longer crowd out; null if it has too much already. */
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
                "the destination has as many connections with " + name + ", or in all, as it can handle",
                "Wait until other transfers to it have ended, then start again.");
        if (connection.protocol().equals(Handshake.INQUIRY)) {
            new ControlExchange(connection, name, "inquiry").refuse(why);
        } else if (connection.protocol().equals(Handshake.RESUME)) {
            // A refusal would end the session.
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

    /** From here on the listener no longer owns the session: it may be accepted at once. */
    private void begin(TlsConnection connection, Fingerprint peer, String name, Place place) throws IOException {
        WireIncomingSession session;
        place.enter();
        try {
            session = WireIncomingSession.start(
                    connection, name, config.timeouts, peer, config.self, sessions, place::leave);
        } catch (IOException | RuntimeException | Error e) {
            place.leave();
            throw e;
        }
        try {
            session.onClose(watch.guard(peer, name, session::fail)::close);
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        }
        synchronized (waiting) {
            if (!closed) {
                // A session that ends before it is accepted occupies its place until then.
                place.enter();
                waiting.add(new Waiting(session, place));
                waiting.notifyAll();
                return;
            }
        }
        session.close();
    }

    private void answer(TlsConnection connection, Fingerprint peer, String name) throws VmmigException {
        Outcome said = new ControlExchange(connection, name, "inquiry").within(config.timeouts.connect(), () -> {
            UUID packageId = Inquiries.hear(connection);
            Outcome outcome = config.outcomes.outcomeOf(packageId, Optional.of(peer.toString()));
            Inquiries.answer(connection, outcome);
            ControlIo.awaitEnd(connection);
            return outcome;
        });
        LOG.info("{} asked for the outcome of a package: {}", name, said);
    }

    private void rejoin(TlsConnection connection, Fingerprint peer, String name) throws VmmigException {
        ScheduledFuture<?> deadline = Watchdog.in(config.timeouts.connect(), connection::cut);
        try {
            sessions.rejoin(connection, peer, () -> deadline.cancel(false));
        } catch (VmmigException e) {
            new ControlExchange(connection, name, "resumption").refuse(e);
            throw e;
        } catch (PeerAbortedException | IOException e) {
            connection.cut();
            LOG.debug("{} did not resume", name, e);
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
     * Stops listening. Sources that wait to be accepted are refused. Accepted sessions continue, but cannot be resumed if their
     * connection breaks. Idempotent.
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
        if (introductions != null) {
            introductions.close();
        }
        watch.close();
    }
}
