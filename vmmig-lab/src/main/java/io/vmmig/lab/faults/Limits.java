// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import java.time.Duration;

/**
 * How long things take.
 *
 * @param idle after how much silence an end considers its peer dead
 * @param resuming how long the ends try to resume a connection
 * @param asking how long the source asks for an answer that was lost
 * @param freeze how long a program is frozen
 * @param stall how long a link is stalled
 * @param longCut how long {@link Fault#CUT_FOR_A_MINUTE} cuts the link
 * @param moveAfterEach whether each cell ends with a migration without a fault
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

    /** How long a libvirtd is frozen: long enough for every pending call to time out. */
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

    /** As short as possible. */
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
