// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.TlsContexts;
import io.vmmig.crypto.UntrustedKeyException;
import io.vmmig.error.Failure;
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

/** From a TCP connection to two hosts that know each other and speak the same version, or an error that says why not. */
final class Handshake {
    /**
     * What a client asks for (ALPN) that wants to show its card to a host that does not know it. One that asks for nothing
     * comes with a guest.
     */
    static final String INTRODUCTION = "vmmig-introduction/2";
    /** What a client asks for that wants to know what became of a guest. */
    static final String INQUIRY = "vmmig-inquiry/1";

    /** What a client asks for that wants to go on with a session whose connection has broken. */
    static final String RESUME = "vmmig-resume/1";

    private static final String ALERT = "Received fatal alert: ";
    /** By which a peer may say that it does not like our key. */
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
    /** Of a client: what it wants, and nothing else; empty for a session with a guest. */
    private final String wanted;
    /** Of a server: that clients may want to be introduced. */
    private final boolean introductions;

    private final String peer;
    /** Of a server: told who it is and what it wants, as soon as a peer has shown that it is a trusted one. */
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

    /** The side that connected, to send a guest. */
    static Handshake ofClient(HostIdentity self, Trust trust, String peer) {
        return new Handshake(self, trust, "", peer);
    }

    /** The side that connected, to ask what became of a guest. */
    static Handshake ofInquirer(HostIdentity self, Trust trust, String peer) {
        return new Handshake(self, trust, INQUIRY, peer);
    }

    /** The side that connected, to go on with a session. */
    static Handshake ofResumer(HostIdentity self, Trust trust, String peer) {
        return new Handshake(self, trust, RESUME, peer);
    }

    /** The side that connected, to be introduced. Whichever host answers is taken, if it is one of vmmig. */
    static Handshake ofStranger(HostIdentity self, String peer) {
        return new Handshake(self, new Trust(any -> true, "nobody is trusted"), INTRODUCTION, peer);
    }

    /**
     * The side that listened.
     *
     * @param introductions whether a client that asks for an introduction, and then can have nothing else, may be a stranger
     * @param onKnown told the fingerprint of a client that has shown that it is trusted, and what it asks for, at once
     */
    static Handshake ofServer(
            HostIdentity self,
            Trust trust,
            boolean introductions,
            String peer,
            BiConsumer<Fingerprint, String> onKnown) {
        return new Handshake(self, trust, false, "", introductions, peer, onKnown);
    }

    /** Whether the peer has shown that it is a trusted one, so that it has said itself what came since. */
    boolean knowsPeer() {
        return known;
    }

    /**
     * Does it, within {@code timeout}, whatever the peer does. Closes the socket when it fails.
     *
     * @return what to speak over from now on
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
                        peer + " took the connection, but did not answer for " + timeout.toMillis() + " ms",
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

    /** Of a context of its own, since no session is to be resumed: each connection is authenticated anew. */
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

    /** Asked before certificates are looked at, if the client asks for anything; null refuses it. */
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

    /** What passed as an introduction must be one, on both sides; whatever else may be wrong, a guest takes trust. */
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
        String remedy = "Check the address and the port; else hand the cards of the two hosts over as files.";
        if (wanted.equals(INQUIRY)) {
            what = "inquiries";
            remedy = "Check the address and the port; else look there yourself.";
        } else if (wanted.equals(RESUME)) {
            what = "sessions that go on over another connection";
            remedy = "Check the address and the port, then start the migration again.";
        }
        return new TransportException(
                Problem.PROTOCOL_MISMATCH,
                peer + " is of a vmmig that does not know " + what + ", or of something else",
                remedy);
    }

    /** The server speaks first: so a client that it does not know reads its refusal before it writes into a closed socket. */
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
                    "Let this host take them for as long as they are wanted, or take the other's card as a file.",
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
                    Failure.of(
                            Problem.CONNECTION_LOST,
                            "the connection with " + peer + " broke before it was secured",
                            "Try again; if it happens again, look at the log of the other host."),
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
                    Failure.of(
                            Problem.PEER_UNTRUSTED,
                            peer + " did not show the keys of a vmmig host",
                            "Check that it is one."),
                    e);
        }
        return new TransportException(
                Failure.of(
                        Problem.PEER_UNTRUSTED,
                        peer + " has the fingerprint " + seen + ", but " + trust.words(),
                        "If that is its fingerprint indeed, trust it; if it has changed for no known reason, find out why"
                                + " first."),
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
