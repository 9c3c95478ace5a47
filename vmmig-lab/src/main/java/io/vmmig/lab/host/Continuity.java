// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.guest.ConsoleLog;
import java.util.List;
import java.util.Map;

/**
 * Whether a guest that went from one place to another is still what it was.
 *
 * @param before what it had printed before
 * @param across the same, and what it has printed since
 * @param memoryIntact whether the checksum of its memory is what it was
 * @param diskRecordsLost how many records are missing on its disks, all disks together
 */
public record Continuity(ConsoleLog before, ConsoleLog across, boolean memoryIntact, long diskRecordsLost) {
    /**
     * A guest that is about to go.
     *
     * @param guest where it is
     * @param memorySum the checksum of its memory
     */
    public record Departing(LabGuest guest, String memorySum) {
        /** How it fared, once it is there. */
        public Continuity at(LabGuest arrived) {
            byte[] leftBytes = guest.console().bytes();
            arrived.ticking();
            boolean memoryIntact = arrived.memorySum().equals(memorySum);
            ConsoleLog across =
                    ConsoleLog.of(List.of(leftBytes, arrived.console().bytes()));
            long recordsLost = across.recordsLost() + missing(across.lastRecord(), arrived.records());
            return new Continuity(ConsoleLog.of(List.of(leftBytes)), across, memoryIntact, recordsLost);
        }
    }

    /** Asks a guest, before it goes, for what is to be the same afterwards. */
    public static Departing of(LabGuest guest) {
        return new Departing(guest, guest.memorySum());
    }

    /** Records that the guest had announced and that are not on a disk. */
    private static long missing(long announced, Map<String, Long> onDisks) {
        return onDisks.values().stream()
                .mapToLong(onDisk -> Math.max(0, announced - Math.max(0, onDisk)))
                .sum();
    }

    /** Whether nothing was lost. */
    public boolean whole() {
        return across.ticksLost() == 0 && across.ticksRepeated() == 0 && memoryIntact && diskRecordsLost == 0;
    }
}
