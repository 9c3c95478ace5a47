// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.time.Duration;

/**
 * How long to wait for a peer.
 *
 * @param connect to set up the connection: name, TCP, TLS, versions
 * @param idle for anything from the peer
 * @param progress for a live peer that receives no more bytes
 * @param resume for another connection after one has broken; zero for none
 */
public record Timeouts(Duration connect, Duration idle, Duration progress, Duration resume) {
    /** Ten seconds to connect, thirty of silence, five minutes without progress, thirty seconds to resume. */
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

    /** With another connect timeout. */
    public Timeouts withConnect(Duration connect) {
        return new Timeouts(connect, idle, progress, resume);
    }

    /** With another idle timeout. */
    public Timeouts withIdle(Duration idle) {
        return new Timeouts(connect, idle, progress, resume);
    }

    /** With another progress timeout. */
    public Timeouts withProgress(Duration progress) {
        return new Timeouts(connect, idle, progress, resume);
    }

    /** With another resume timeout. */
    public Timeouts withResume(Duration resume) {
        return new Timeouts(connect, idle, progress, resume);
    }

    private static void requireSensible(Duration timeout) {
        if (timeout.toMillis() < 100 || timeout.toMillis() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a timeout is at least 100 ms and at most 24 days");
        }
    }
}
