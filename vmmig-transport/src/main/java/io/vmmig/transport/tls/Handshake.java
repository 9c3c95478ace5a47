// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.TlsContexts;
import io.vmmig.crypto.UntrustedKeyException;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.wire.Preamble;
import io.vmmig.transport.wire.Watchdog;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.security.cert.Certificate;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/** Turns a TCP connection into one whose ends are authenticated and use the same version, or into an error that says why not. */
final class Handshake {
    /** The ALPN protocol of a client that wants to introduce itself. A client without ALPN brings a guest. */
    static final String INTRODUCTION = "vmmig-introduction/2";
    /** The ALPN protocol of a client that asks about the outcome of a migration. */
    static final String INQUIRY = "vmmig-inquiry/1";

    /** The ALPN protocol of a client that wants to resume a session. */
    static final String RESUME = "vmmig-resume/1";

    private static final String ALERT = "Received fatal alert: ";
    /** The alerts by which a peer may reject our key. */
    private static final Set<String> KEY_ALERTS = Set.of(
            "certificate_unknown",
            "bad_certificate",
            "unknown_ca",
            "access_denied",
            "certificate_required",
            "unsupported_certificate",
            "certificate_expired");

    private final HostIdentity self;
    private final Trust trust;
    private final boolean client;
    /** For a client: the only protocol that it accepts; empty for a session with a guest. */
    private final String wanted;
    /** For a server: whether it accepts introductions. */
    private final boolean introductions;

    private final String peer;
    /** For a server: gets the peer's fingerprint and protocol as soon as the peer is authenticated and trusted. */
    private final BiConsumer<Fingerprint, String> onKnown;

    private @Nullable SSLEngine engine;
    private boolean introductionWanted;
    private boolean known;

    private Handshake(HostIdentity self, Trust trust, String wanted, String peer) {
        this(self, trust, true, wanted, false, peer, (any, protocol) -> {});
    }

    private Handshake(
            HostIdentity self,
            Trust trust,
            boolean client,
            String wanted,
            boolean introductions,
            String peer,
            BiConsumer<Fingerprint, String> onKnown) {
        this.self = self;
        this.trust = trust;
        this.client = client;
        this.wanted = wanted;
        this.introductions = introductions;
        this.peer = peer;
        this.onKnown = onKnown;
    }

    /** The client's side, to send a guest. */
    static Handshake ofClient(HostIdentity self, Trust trust, String peer) {
        return new Handshake(self, trust, "", peer);
    }

    /** The client's side, to ask about an outcome. */
    static Handshake ofInquirer(HostIdentity self, Trust trust, String peer) {
        return new Handshake(self, trust, INQUIRY, peer);
    }

    /** The client's side, to resume a session. */
    static Handshake ofResumer(HostIdentity self, Trust trust, String peer) {
        return new Handshake(self, trust, RESUME, peer);
    }

    /** The client's side, for an introduction. Accepts any vmmig host. */
    static Handshake ofStranger(HostIdentity self, String peer) {
        return new Handshake(self, new Trust(any -> true, "nobody is trusted"), INTRODUCTION, peer);
    }

    /**
     * The server's side.
     *
     * @param introductions whether to accept strangers that ask for an introduction, and for nothing else
     * @param onKnown gets the fingerprint and the protocol of a trusted client as soon as it is authenticated
     */
    static Handshake ofServer(
            HostIdentity self,
            Trust trust,
            boolean introductions,
            String peer,
            BiConsumer<Fingerprint, String> onKnown) {
        return new Handshake(self, trust, false, "", introductions, peer, onKnown);
    }

    /** Whether the peer is authenticated and trusted, so that later errors are its own. */
    boolean knowsPeer() {
        return known;
    }

    /**
     * Runs the handshake within {@code timeout}, whatever the peer does. Closes the socket on failure.
     *
     * @return the secured connection
     */
    TlsConnection perform(Socket raw, Duration timeout) throws VmmigException {
        AtomicBoolean late = new AtomicBoolean();
        ScheduledFuture<?> deadline = Watchdog.in(timeout, () -> {
            late.set(true);
            Sockets.closeQuietly(raw);
        });
        boolean done = false;
        boolean told = !client;
        try {
            raw.setTcpNoDelay(true);
            raw.setKeepAlive(true);
            TlsConnection connection = new TlsConnection(raw, engine());
            connection.handshake();
            requireWhatWasAgreed(connection);
            exchangePreambles(connection);
            done = deadline.cancel(false) || !late.get();
            if (!done) {
                throw new EOFException("the connection was closed at the deadline");
            }
            return connection;
        } catch (IOException e) {
            if (late.get()) {
                throw new TransportException(
                        Problem.PEER_STALLED,
                        peer + " accepted the connection, but did not answer for " + timeout.toMillis() + " ms",
                        "Check that vmmig runs there and that the port is right.",
                        e);
            }
            VmmigException reason = explain(e);
            told |= reason.problem() == Problem.PEER_UNTRUSTED;
            throw reason;
        } finally {
            deadline.cancel(false);
            if (!done) {
                if (told) {
                    Sockets.closeWhenRead(raw);
                }
                Sockets.closeQuietly(raw);
            }
        }
    }

    /** A new context each time, so that no TLS session is resumed: every connection is authenticated. */
    private SSLEngine engine() {
        SSLEngine fresh = TlsContexts.of(self, this::mayPass).createSSLEngine();
        SSLParameters parameters = TlsContexts.parameters();
        if (!wanted.isEmpty()) {
            parameters.setApplicationProtocols(new String[] {wanted});
        }
        fresh.setSSLParameters(parameters);
        fresh.setUseClientMode(client);
        if (!client) {
            fresh.setHandshakeApplicationProtocolSelector((any, offered) -> choose(offered));
        }
        engine = fresh;
        return fresh;
    }

    /** Called before certificates are checked, if the client uses ALPN; null refuses the connection. */
    private @Nullable String choose(List<String> offered) {
        introductionWanted = offered.contains(INTRODUCTION);
        if (introductionWanted) {
            return introductions ? INTRODUCTION : null;
        }
        return Stream.of(INQUIRY, RESUME).filter(offered::contains).findFirst().orElse(null);
    }

    private boolean mayPass(Fingerprint node) throws VmmigException {
        SSLEngine current = engine;
        boolean stranger = current != null && INTRODUCTION.equals(current.getHandshakeApplicationProtocol());
        return stranger || trust.nodes().trusts(node);
    }

    /** A connection accepted as an introduction must be one, at both ends: a guest requires trust. */
    private void requireWhatWasAgreed(TlsConnection connection) throws VmmigException {
        boolean introduction = connection.protocol().equals(INTRODUCTION);
        if (client && !connection.protocol().equals(wanted)) {
            throw notKnown();
        }
        Fingerprint seen = connection.peer().fingerprint();
        if (!introduction && !trust.nodes().trusts(seen)) {
            throw untrusted(seen, null);
        }
        if (!introduction) {
            known = true;
            onKnown.accept(seen, connection.protocol());
        }
    }

    private VmmigException notKnown() {
        String what = "introductions";
        String remedy = "Check the address and the port; or exchange the cards of the two hosts as files.";
        if (wanted.equals(INQUIRY)) {
            what = "inquiries";
            remedy = "Check the address and the port; or look at that host yourself.";
        } else if (wanted.equals(RESUME)) {
            what = "resumed sessions";
            remedy = "Check the address and the port, then start the migration again.";
        }
        return new TransportException(
                Problem.PROTOCOL_MISMATCH,
                peer + " is of a vmmig that does not know " + what + ", or of something else",
                remedy);
    }

    /** The server sends first, so that an unknown client reads its refusal before it writes to a closed socket. */
    private void exchangePreambles(TlsConnection connection) throws IOException, TransportException {
        int theirs;
        if (client) {
            theirs = Preamble.read(connection.input());
            Preamble.write(connection.output());
        } else {
            Preamble.write(connection.output());
            theirs = Preamble.read(connection.input());
        }
        Preamble.check(theirs);
    }

    private VmmigException explain(IOException e) {
        VmmigException unanswered = find(VmmigException.class, e);
        if (unanswered != null) {
            return unanswered;
        }
        if (!client && introductionWanted && !introductions) {
            return new TransportException(
                    Problem.PEER_UNTRUSTED,
                    peer + " wanted to introduce itself, but this host takes no introductions",
                    "Let this host accept introductions for a while, or exchange the cards as files.",
                    e);
        }
        UntrustedKeyException untrusted = find(UntrustedKeyException.class, e);
        if (untrusted != null) {
            return untrusted(untrusted.seen(), e);
        }
        if (find(CertificateExpiredException.class, e) != null
                || find(CertificateNotYetValidException.class, e) != null) {
            return new TransportException(
                    Problem.PEER_UNTRUSTED,
                    peer + " has a certificate that has expired, or is not valid yet",
                    "Check the clocks of both hosts; if they are right, let " + peer + " renew its keys.",
                    e);
        }
        String alert = alert(e);
        if (wanted.equals(INTRODUCTION) && "no_application_protocol".equals(alert)) {
            return new TransportException(
                    Problem.PEER_UNTRUSTED,
                    peer + " takes no introductions",
                    "Let " + peer + " take them for as long as they are wanted, or hand it this host's card as a file.",
                    e);
        }
        if (alert != null && KEY_ALERTS.contains(alert) && !isOwnCertificateValid()) {
            return new TransportException(
                    Problem.PEER_UNTRUSTED,
                    peer + " refuses the certificate of this host, which has expired, or is not valid yet",
                    "Check the clocks of both hosts; if they are right, renew the keys of this host.",
                    e);
        }
        if (alert != null && KEY_ALERTS.contains(alert)) {
            return new TransportException(
                    Problem.PEER_UNTRUSTED,
                    peer + " does not know this host, whose fingerprint is " + self.fingerprint(),
                    "Let " + peer + " trust that fingerprint, after comparing it.",
                    e);
        }
        if (find(EOFException.class, e) != null || !(e instanceof SSLException)) {
            return new TransportException(
                    Problem.CONNECTION_LOST,
                    "the connection with " + peer + " broke before it was secured",
                    "Try again; if it happens again, look at the log of the other host.",
                    e);
        }
        return new TransportException(
                Problem.PROTOCOL_MISMATCH,
                peer + " does not speak TLS 1.3 as vmmig does (" + e.getMessage() + ")",
                "Check the address and the port, and that vmmig runs there.",
                e);
    }

    private VmmigException untrusted(@Nullable Fingerprint seen, @Nullable IOException e) {
        if (seen == null) {
            return new TransportException(
                    Problem.PEER_UNTRUSTED,
                    peer + " did not present the keys of a vmmig host",
                    "Check that it is one.",
                    e);
        }
        return new TransportException(
                Problem.PEER_UNTRUSTED,
                peer + " has the fingerprint " + seen + ", but " + trust.words(),
                "If that is its fingerprint indeed, trust it; if it has changed for no known reason, find out why"
                        + " first.",
                e);
    }

    private boolean isOwnCertificateValid() {
        SSLEngine current = engine;
        Certificate[] shown = current == null ? null : current.getSession().getLocalCertificates();
        try {
            if (shown != null && shown[0] instanceof X509Certificate own) {
                own.checkValidity();
            }
            return true;
        } catch (CertificateExpiredException | CertificateNotYetValidException e) {
            return false;
        }
    }

    private static @Nullable String alert(IOException e) {
        String message = e.getMessage();
        int at = message == null ? -1 : message.indexOf(ALERT);
        return message == null || at < 0
                ? null
                : message.substring(at + ALERT.length()).strip();
    }

    private static <T extends Throwable> @Nullable T find(Class<T> type, Throwable in) {
        for (Throwable t = in; t != null; t = t.getCause()) {
            if (type.isInstance(t)) {
                return type.cast(t);
            }
        }
        return null;
    }
}
