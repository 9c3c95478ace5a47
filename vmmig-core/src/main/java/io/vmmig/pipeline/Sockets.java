// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Detects dead sockets. QEMU removes the sockets that it listens on, unless it is killed or the host loses power. */
final class Sockets {
    private static final Logger LOG = LoggerFactory.getLogger(Sockets.class);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    private Sockets() {}

    /**
     * Waits until nobody listens any more, and returns whether that happened in time: a killed QEMU disappears before it has closed all of
     * its files.
     */
    static boolean diesWithin(Path socket, Duration atMost) throws IOException {
        long end = System.nanoTime() + atMost.toNanos();
        while (!isDead(socket)) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
        return true;
    }

    /** Whether the file is a socket on which nobody listens. */
    static boolean isDead(Path socket) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.configureBlocking(false);
            channel.connect(UnixDomainSocketAddress.of(socket));
            return false;
        } catch (ConnectException e) {
            return true;
        } catch (SocketException e) {
            LOG.debug("{} may be in use", socket, e);
            return false;
        }
    }
}
