// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import java.time.Duration;

/**
 * How long a migration may take.
 *
 * @param migration from its start to the hand-over
 * @param suspension from the moment in which the guest is suspended to the hand-over; only the source keeps to it
 * @param inquiry for how long the source asks how a hand-over ended whose answer was lost
 * @param hypervisor for how long a hypervisor that cannot be reached is tried again, when a guest has to be resumed or removed
 */
public record Deadlines(Duration migration, Duration suspension, Duration inquiry, Duration hypervisor) {
    /** A day for the migration, six hours for the guest to stand still, half a minute for the inquiry, a minute for the hypervisor. */
    public static final Deadlines USUAL =
            new Deadlines(Duration.ofDays(1), Duration.ofHours(6), Duration.ofSeconds(30), Duration.ofMinutes(1));

    public Deadlines {
        requireSensible(migration);
        requireSensible(suspension);
        if (inquiry.isNegative()) {
            throw new IllegalArgumentException("an inquiry takes no less than no time");
        }
        if (hypervisor.isNegative()) {
            throw new IllegalArgumentException("trying again takes no less than no time");
        }
    }

    private static void requireSensible(Duration atMost) {
        if (atMost.isNegative() || atMost.isZero()) {
            throw new IllegalArgumentException("a migration takes some time");
        }
    }

    /** With another {@link #migration}. */
    public Deadlines withMigration(Duration migration) {
        return new Deadlines(migration, suspension, inquiry, hypervisor);
    }

    /** With another {@link #suspension}. */
    public Deadlines withSuspension(Duration suspension) {
        return new Deadlines(migration, suspension, inquiry, hypervisor);
    }

    /** With another {@link #inquiry}. */
    public Deadlines withInquiry(Duration inquiry) {
        return new Deadlines(migration, suspension, inquiry, hypervisor);
    }

    /** With another {@link #hypervisor}. */
    public Deadlines withHypervisor(Duration hypervisor) {
        return new Deadlines(migration, suspension, inquiry, hypervisor);
    }
}
