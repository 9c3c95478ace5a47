// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.Failure;
import io.vmmig.IntegrityException;
import io.vmmig.Problem;
import io.vmmig.TransportException;
import io.vmmig.VmmigException;
import io.vmmig.crypto.NodeCard;
import io.vmmig.transport.wire.Cards;
import io.vmmig.transport.wire.PeerGaveUp;
import io.vmmig.transport.wire.Watchdog;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** Two hosts show each other their cards, on a connection on which nothing else can be said. */
final class CardExchange {
    private final TlsConnection connection;
    private final String peer;

    CardExchange(TlsConnection connection, String peer) {
        this.connection = connection;
        this.peer = peer;
    }

    @FunctionalInterface
    interface Steps {
        NodeCard take() throws IOException, VmmigException, PeerGaveUp;
    }

    /**
     * Does the steps within {@code timeout}, whatever the peer does, and closes the connection. When one fails, the peer is
     * told why.
     */
    NodeCard within(Duration timeout, Steps steps) throws VmmigException {
        AtomicBoolean late = new AtomicBoolean();
        ScheduledFuture<?> deadline = Watchdog.in(timeout, () -> {
            late.set(true);
            connection.cut();
        });
        try {
            return steps.take();
        } catch (PeerGaveUp e) {
            Failure theirs = e.reason().failure();
            throw VmmigException.of(
                    Failure.of(
                            theirs.problem(),
                            peer + " has refused to be introduced: " + theirs.what(),
                            theirs.remedy()),
                    e);
        } catch (VmmigException e) {
            tell(e.failure());
            throw e;
        } catch (IOException e) {
            throw late.get()
                    ? new TransportException(
                            Problem.PEER_STALLED,
                            peer + " did not show its card within " + timeout.toMillis() + " ms",
                            "Check that host and the network, then try again.",
                            e)
                    : VmmigException.from(
                            e,
                            Problem.CONNECTION_LOST,
                            "the connection with " + peer + " broke during the introduction",
                            "Try again; if it happens again, look at the log of the other host.");
        } finally {
            deadline.cancel(false);
            connection.closeWhenRead();
        }
    }

    private void tell(Failure reason) {
        ScheduledFuture<?> deadline = Watchdog.in(Sockets.LAST_WORDS, connection::cut);
        try {
            Cards.refuse(connection, reason);
        } catch (IOException e) {
            // Whoever does not listen is not told.
        } finally {
            deadline.cancel(false);
        }
    }

    void show(NodeCard ours) throws IOException {
        Cards.send(connection, ours);
    }

    /** Only of the host at the other end: a card is no secret, so anybody could show another host's. */
    NodeCard see() throws IOException, VmmigException, PeerGaveUp {
        NodeCard theirs = Cards.receive(connection);
        if (!theirs.keys().equals(connection.peer())) {
            throw new IntegrityException(
                    Problem.NODE_CARD_INVALID,
                    peer + " has shown the card of another host, with the fingerprint "
                            + theirs.keys().fingerprint() + "; its own fingerprint is "
                            + connection.peer().fingerprint(),
                    "Find out who is between the two hosts; until then, hand the cards over as files.");
        }
        return theirs;
    }

    void awaitEnd() throws IOException, VmmigException, PeerGaveUp {
        Cards.awaitEnd(connection);
    }
}
