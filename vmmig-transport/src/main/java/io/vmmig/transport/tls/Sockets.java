// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.transport.wire.Watchdog;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ways to end a connection. */
final class Sockets {
    private static final Logger LOG = LoggerFactory.getLogger(Sockets.class);
    /** How long to wait for a peer to read what it is told at the end. */
    static final Duration LAST_WORDS = Duration.ofMillis(500);

    private Sockets() {}

    /** At once. */
    static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.trace("closing failed", e);
        }
    }

    /**
     * When the peer has closed too, or after half a second. A socket that is closed over unread bytes resets the connection,
     * and the peer would never learn what it was told.
     */
    static void closeWhenRead(Socket socket) {
        ScheduledFuture<?> deadline = Watchdog.in(LAST_WORDS, () -> closeQuietly(socket));
        try {
            if (!socket.isOutputShutdown()) {
                socket.shutdownOutput();
            }
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            LOG.trace("closed by the peer, or at the deadline", e);
        } finally {
            deadline.cancel(false);
            closeQuietly(socket);
        }
    }
}
