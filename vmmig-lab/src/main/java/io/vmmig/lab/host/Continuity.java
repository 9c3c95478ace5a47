// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.guest.ConsoleLog;
import java.util.List;
import java.util.Map;

/**
 * Whether a guest that was moved has lost anything.
 *
 * @param before what it had printed before the move
 * @param across the same, and what it has printed since then
 * @param memoryIntact whether the checksum of its memory is unchanged
 * @param diskRecordsLost how many records are missing on its disks, all disks together
 */
public record Continuity(ConsoleLog before, ConsoleLog across, boolean memoryIntact, long diskRecordsLost) {
    /**
     * A guest that is about to move.
     *
     * @param guest where it is
     * @param memorySum the checksum of its memory
     */
    public record Departing(LabGuest guest, String memorySum) {
        /** Compares the guest with what it was, once it has arrived. */
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

    /** Asks a guest, before it moves, for what must be the same afterwards. */
    public static Departing of(LabGuest guest) {
        return new Departing(guest, guest.memorySum());
    }

    /** How many records the guest announced that are missing on a disk. */
    private static long missing(long announced, Map<String, Long> onDisks) {
        return onDisks.values().stream()
                .mapToLong(onDisk -> Math.max(0, announced - Math.max(0, onDisk)))
                .sum();
    }

    /** Whether nothing was lost, and the guest has not complained. */
    public boolean whole() {
        return across.ticksLost() == 0
                && across.ticksRepeated() == 0
                && memoryIntact
                && diskRecordsLost == 0
                && across.complaints().isEmpty();
    }
}
