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

/** Closes connections. */
final class Sockets {
    private static final Logger LOG = LoggerFactory.getLogger(Sockets.class);
    /** How long to wait until the peer has read the last frame. */
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
     * Closes once the peer has closed too, or after half a second. Closing a socket with unread bytes resets the connection, and
     * the peer would lose the last frame.
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
