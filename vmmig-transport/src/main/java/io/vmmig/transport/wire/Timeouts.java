// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.time.Duration;

/**
 * How long to wait for a peer.
 *
 * @param connect for the connection to stand: name, TCP, TLS, versions
 * @param idle for any sign of life
 * @param progress for a peer that lives, but takes no more bytes
 * @param resume for another connection after one has broken; zero to give up at once
 */
public record Timeouts(Duration connect, Duration idle, Duration progress, Duration resume) {
    /** Ten seconds to connect, thirty without a sign of life, five minutes without progress, thirty to resume. */
    public static final Timeouts DEFAULT =
            new Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofMinutes(5), Duration.ofSeconds(30));

    public Timeouts {
        requireSensible(connect);
        requireSensible(idle);
        requireSensible(progress);
        if (!resume.isZero()) {
            requireSensible(resume);
        }
    }

    /** These, with another time to connect. */
    public Timeouts withConnect(Duration connect) {
        return new Timeouts(connect, idle, progress, resume);
    }

    /** These, with another time without a sign of life. */
    public Timeouts withIdle(Duration idle) {
        return new Timeouts(connect, idle, progress, resume);
    }

    /** These, with another time without progress. */
    public Timeouts withProgress(Duration progress) {
        return new Timeouts(connect, idle, progress, resume);
    }

    /** These, with another time for another connection. */
    public Timeouts withResume(Duration resume) {
        return new Timeouts(connect, idle, progress, resume);
    }

    private static void requireSensible(Duration timeout) {
        if (timeout.toMillis() < 100 || timeout.toMillis() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a timeout is at least 100 ms and at most 24 days");
        }
    }
}
