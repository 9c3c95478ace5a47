// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.wire.ControlIo;
import io.vmmig.transport.wire.PeerAbortedException;
import io.vmmig.transport.wire.Watchdog;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A short exchange of frames on a connection that has no other use.
 *
 * @param connection the connection
 * @param peer the peer's name
 * @param about the kind of exchange, such as "introduction"
 */
record ControlExchange(TlsConnection connection, String peer, String about) {
    @FunctionalInterface
    interface Steps<T> {
        T take() throws IOException, VmmigException, PeerAbortedException;
    }

    /**
     * Runs the steps within {@code timeout}, whatever the peer does, and closes the connection. If a step fails, the peer is told
     * why.
     */
    <T> T within(Duration timeout, Steps<T> steps) throws VmmigException {
        AtomicBoolean late = new AtomicBoolean();
        ScheduledFuture<?> deadline = Watchdog.in(timeout, () -> {
            late.set(true);
            connection.cut();
        });
        try {
            return steps.take();
        } catch (PeerAbortedException e) {
            Failure theirs = e.reason().failure();
            throw VmmigException.of(
                    theirs.problem(), peer + " has refused the " + about + ": " + theirs.what(), theirs.remedy(), e);
        } catch (VmmigException e) {
            tell(e.failure());
            throw e;
        } catch (IOException e) {
            throw late.get()
                    ? new TransportException(
                            Problem.PEER_STALLED,
                            peer + " did not do its part of the " + about + " within " + timeout.toMillis() + " ms",
                            "Check that host and the network, then try again.",
                            e)
                    : VmmigException.from(
                            e,
                            Problem.CONNECTION_LOST,
                            "the connection with " + peer + " broke during the " + about,
                            "Try again; if it happens again, look at the log of the other host.");
        } finally {
            deadline.cancel(false);
            connection.closeWhenRead();
        }
    }

    /** Refuses the exchange with a reason, and closes the connection. */
    void refuse(VmmigException reason) {
        tell(reason.failure());
        connection.closeWhenRead();
    }

    private void tell(Failure reason) {
        ScheduledFuture<?> deadline = Watchdog.in(Sockets.LAST_WORDS, connection::cut);
        try {
            ControlIo.refuse(connection, reason);
        } catch (IOException e) {
            // The peer is gone.
        } finally {
            deadline.cancel(false);
        }
    }
}
