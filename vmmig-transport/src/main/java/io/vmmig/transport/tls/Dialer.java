// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects, and retries until the deadline: a host under a flood of strangers closes random connections that are not
 * authenticated yet.
 */
final class Dialer {
    private static final Logger LOG = LoggerFactory.getLogger(Dialer.class);
    private static final long FIRST_PAUSE_MILLIS = 20;
    private static final long LONGEST_PAUSE_MILLIS = 500;

    private Dialer() {}

    /**
     * A connection whose ends are authenticated and use the same version.
     *
     * @param handshakes supplies a new handshake for each attempt
     * @param deadline as {@link System#nanoTime()}
     * @throws VmmigException why the last attempt failed; {@link Problem#CANCELLED} when the thread was interrupted between
     *     attempts
     */
    static TlsConnection dial(HostAddress address, Supplier<Handshake> handshakes, long deadline)
            throws VmmigException {
        long pause = FIRST_PAUSE_MILLIS;
        VmmigException lost = null;
        while (true) {
            try {
                return handshakes.get().perform(address.connect(deadline), left(deadline));
            } catch (VmmigException e) {
                long millis = ThreadLocalRandom.current().nextLong(pause / 2, pause);
                if (e.problem() != Problem.CONNECTION_LOST
                        || left(deadline).toMillis() <= millis
                        || Thread.currentThread().isInterrupted()) {
                    // The last attempt may have had too little time.
                    throw lost != null && e.problem() == Problem.PEER_STALLED ? lost : e;
                }
                lost = e;
                LOG.debug("{} is tried again: {}", address, e.getMessage());
                sleep(millis);
                pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
            }
        }
    }

    /** The time until the deadline; not zero, which would mean no timeout. */
    static Duration left(long deadline) {
        return Duration.ofNanos(Math.max(deadline - System.nanoTime(), 1));
    }

    private static void sleep(long millis) throws VmmigException {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw VmmigException.of(
                    Problem.CANCELLED, "the thread that connected to the other host was interrupted", "");
        }
    }
}
