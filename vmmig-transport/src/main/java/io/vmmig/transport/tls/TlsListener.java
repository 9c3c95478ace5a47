// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.Problem;
import io.vmmig.TransportException;
import io.vmmig.VmmigException;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.crypto.NodeStore;
import io.vmmig.crypto.TrustedNodes;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.OutcomeBook;
import io.vmmig.transport.wire.Inquiries;
import io.vmmig.transport.wire.PeerGaveUp;
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
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
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
 * get that far, is logged and forgotten, and disturbs nobody; of very many, only some are logged. Thread-safe; several threads may accept.
 */
public final class TlsListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TlsListener.class);
    /** Peers that have not shown yet who they are. */
    private static final int MAX_HANDSHAKES = 32;
    /** Peers that have, and wait to be accepted. */
    private static final int MAX_WAITING = 32;

    private final Config config;
    private final ServerSocket server;
    private final BlockingQueue<IncomingSession> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
    private final Set<Socket> handshakes = new LinkedHashSet<>();
    private final RefusalLog refusals = new RefusalLog(LOG::warn, System::nanoTime);
    private final TrustWatch watch;
    private final Sessions sessions;
    private final @Nullable Reception reception;
    private volatile boolean closed;

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
                    packageId -> Outcome.UNHEARD_OF));
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
         */
        public Ready introducing(String name, Consumer<Introduction> strangers) {
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
                    server.bind(new InetSocketAddress(config.host, config.port));
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
                        io.vmmig.Failure.of(
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
     * The next source that has shown who it is; waits for one. The session is the caller's to close.
     *
     * @throws VmmigException with {@link Problem#PEER_STALLED} when none came within {@code timeout}, with
     *     {@link Problem#CANCELLED} when the listener was closed or the thread interrupted
     */
    public IncomingSession accept(Duration timeout) throws VmmigException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            while (!closed) {
                // In slices, so that a close is noticed by every thread that waits here.
                long left = Math.min(deadline - System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(100));
                IncomingSession session = waiting.poll(Math.max(left, 0), TimeUnit.NANOSECONDS);
                if (session != null) {
                    return session;
                }
                if (System.nanoTime() - deadline >= 0) {
                    throw new TransportException(
                            Problem.PEER_STALLED, "no host came within " + timeout.toMillis() + " ms", "");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw VmmigException.of(Problem.CANCELLED, "the thread that waited for a host was interrupted", "");
        }
        throw VmmigException.of(Problem.CANCELLED, "the listener was closed", "");
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
                admit(raw);
                daemon("handshake " + raw.getRemoteSocketAddress(), () -> welcome(raw));
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

    /** When too many knock at once, whoever has taken longest gives way: an honest handshake takes milliseconds. */
    private void admit(Socket raw) {
        List<Socket> crowdedOut = new ArrayList<>();
        synchronized (handshakes) {
            handshakes.add(raw);
            Iterator<Socket> oldest = handshakes.iterator();
            while (handshakes.size() > MAX_HANDSHAKES) {
                crowdedOut.add(oldest.next());
                oldest.remove();
            }
        }
        crowdedOut.forEach(Sockets::closeQuietly);
    }

    private void welcome(Socket raw) {
        String address = String.valueOf(raw.getRemoteSocketAddress()).replaceFirst("^/", "");
        @Nullable IncomingSession session = null;
        try {
            TlsConnection connection = Handshake.ofServer(config.self, config.trust, reception != null, address)
                    .perform(raw, config.timeouts.connect());
            Fingerprint peer = connection.peer().fingerprint();
            String name = "host " + address + " (fingerprint " + peer + ")";
            if (reception != null && connection.protocol().equals(Handshake.INTRODUCTION)) {
                reception.welcome(connection, name, config.timeouts.connect());
                return;
            }
            if (connection.protocol().equals(Handshake.INQUIRY)) {
                answer(connection, name);
                return;
            }
            if (connection.protocol().equals(Handshake.RESUME)) {
                rejoin(connection, peer, name);
                return;
            }
            // From here on it is not ours to crowd out, or to close with the listener: it may be accepted at once.
            handshakeIsOver(raw);
            session = new TlsIncomingSession(
                    WireIncomingSession.start(connection, name, config.timeouts, peer, sessions),
                    config.self,
                    peer,
                    watch);
            if (closed || !waiting.offer(session)) {
                session.refuse(io.vmmig.Failure.of(
                        Problem.PEER_FAILED, "the destination is closing, or has too much to do", "Try again later."));
                session.close();
            } else if (closed) {
                closeWaiting();
            }
        } catch (VmmigException e) {
            refusals.say("turned away " + address + ": " + e.getMessage());
            tell(e);
        } catch (IOException e) {
            refusals.say("lost " + address + " before anything was said: " + e);
            Sockets.closeQuietly(raw);
        } finally {
            handshakeIsOver(raw);
        }
    }

    private void answer(TlsConnection connection, String name) throws VmmigException {
        Outcome said = new ShortTalk(connection, name, "inquiry").within(config.timeouts.connect(), () -> {
            UUID packageId = Inquiries.hear(connection);
            Outcome outcome = config.outcomes.outcomeOf(packageId);
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

    private void handshakeIsOver(Socket raw) {
        synchronized (handshakes) {
            handshakes.remove(raw);
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
        closed = true;
        try {
            server.close();
        } catch (IOException e) {
            LOG.debug("closing failed", e);
        }
        synchronized (handshakes) {
            handshakes.forEach(Sockets::closeQuietly);
        }
        closeWaiting();
        sessions.close();
        if (reception != null) {
            reception.close();
        }
        watch.close();
    }

    private void closeWaiting() {
        for (IncomingSession session = waiting.poll(); session != null; session = waiting.poll()) {
            session.close();
        }
    }
}
