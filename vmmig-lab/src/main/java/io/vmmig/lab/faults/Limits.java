// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import java.time.Duration;

/**
 * How long things take.
 *
 * @param idle after how long without a sign of life an end takes the other for dead
 * @param resuming how long the ends try to take up a connection again
 * @param asking how long the source asks for an answer that was lost
 * @param freeze how long a program is frozen
 * @param stall how long a link is stalled
 * @param longCut how long a link is cut that is cut for a minute
 * @param moveAfterEach whether each cell ends with a migration in which nothing goes wrong
 */
record Limits(
        Duration idle,
        Duration resuming,
        Duration asking,
        Duration freeze,
        Duration stall,
        Duration longCut,
        boolean moveAfterEach) {
    /** How long a call of libvirt may take. */
    static final Duration LIBVIRT_CALL = Duration.ofSeconds(8);

    /** How long a libvirtd is frozen: each call that is under way has been given up by then. */
    static final Duration LIBVIRT_FREEZE = Duration.ofSeconds(12);

    static Limits whole() {
        return new Limits(
                Duration.ofSeconds(6),
                Duration.ofSeconds(4),
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                Duration.ofSeconds(12),
                Duration.ofMinutes(1),
                true);
    }

    /** Hasty where it can be. */
    static Limits sample() {
        return new Limits(
                Duration.ofSeconds(5),
                Duration.ofSeconds(3),
                Duration.ofSeconds(8),
                Duration.ofSeconds(8),
                Duration.ofSeconds(9),
                Duration.ofSeconds(8),
                false);
    }
}
