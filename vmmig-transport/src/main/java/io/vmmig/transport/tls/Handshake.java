// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.Failure;
import io.vmmig.Problem;
import io.vmmig.TransportException;
import io.vmmig.VmmigException;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.TlsContexts;
import io.vmmig.crypto.UntrustedKeyException;
import io.vmmig.transport.wire.Preamble;
import io.vmmig.transport.wire.Watchdog;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** From a TCP connection to two hosts that know each other and speak the same version, or an error that says why not. */
final class Handshake {
    private static final int MOST_TO_NAME = 3;
    private static final Duration LAST_WORDS = Duration.ofMillis(500);
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
    private final Set<Fingerprint> trusted;
    private final boolean client;
    private final String peer;

    private Handshake(HostIdentity self, Set<Fingerprint> trusted, boolean client, String peer) {
        this.self = self;
        this.trusted = trusted;
        this.client = client;
        this.peer = peer;
    }

    /** The side that connected. */
    static Handshake ofClient(HostIdentity self, Fingerprint trusted, String peer) {
        return new Handshake(self, Set.of(trusted), true, peer);
    }

    /** The side that listened. */
    static Handshake ofServer(HostIdentity self, Set<Fingerprint> trusted, String peer) {
        return new Handshake(self, trusted, false, peer);
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
            closeQuietly(raw);
        });
        boolean done = false;
        boolean told = !client;
        try {
            raw.setTcpNoDelay(true);
            raw.setKeepAlive(true);
            TlsConnection connection = new TlsConnection(raw, engine());
            connection.handshake();
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
                    letThemRead(raw);
                }
                closeQuietly(raw);
            }
        }
    }

    /** Of a context of its own, since no session is to be resumed: each connection is authenticated anew. */
    private SSLEngine engine() {
        SSLEngine engine = TlsContexts.of(self, trusted).createSSLEngine();
        engine.setSSLParameters(TlsContexts.parameters());
        engine.setUseClientMode(client);
        return engine;
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

    /** A socket that is closed over unread bytes resets the connection, and the peer would never learn what we told it. */
    private static void letThemRead(Socket raw) {
        ScheduledFuture<?> deadline = Watchdog.in(LAST_WORDS, () -> closeQuietly(raw));
        try {
            raw.shutdownOutput();
            raw.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            // Then it is as closed as it was to be.
        } finally {
            deadline.cancel(false);
        }
    }

    private VmmigException explain(IOException e) {
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

    private VmmigException untrusted(@Nullable Fingerprint seen, IOException e) {
        if (seen == null) {
            return new TransportException(
                    Problem.PEER_UNTRUSTED,
                    peer + " did not show the keys of a vmmig host",
                    "Check that it is one.",
                    e);
        }
        String expected = trusted.size() > MOST_TO_NAME
                ? "that is none of the " + trusted.size() + " trusted ones"
                : "trusted is " + (trusted.isEmpty() ? "none" : names());
        return new TransportException(
                Problem.PEER_UNTRUSTED,
                peer + " has the fingerprint " + seen + ", but " + expected,
                "If that is its fingerprint indeed, trust it; if it has changed for no known reason, find out why first.",
                e);
    }

    private String names() {
        return trusted.stream().map(Fingerprint::toString).sorted().collect(Collectors.joining(", "));
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

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Closed or not, nothing more is done with it.
        }
    }
}
