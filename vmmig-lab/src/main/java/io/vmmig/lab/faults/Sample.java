// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.host.Moment;
import java.util.List;

/** The cells that are tried each time: every fault, at moments that differ in who has the guest. */
final class Sample {
    private Sample() {}

    static List<Cell> cells() {
        return List.of(
                new Cell(Moment.SOURCE_COMMITTED, Fault.KILL_SOURCE),
                new Cell(Moment.SOURCE_HALFWAY, Fault.RETRY_AT_ONCE),
                new Cell(Moment.DESTINATION_COMMITTED, Fault.KILL_DESTINATION),
                new Cell(Moment.SOURCE_SENT, Fault.KILL_LIBVIRTD_AT_SOURCE),
                new Cell(Moment.DESTINATION_RECEIVED, Fault.KILL_LIBVIRTD_AT_DESTINATION),
                new Cell(Moment.SOURCE_HALFWAY, Fault.RESTART_LIBVIRTD_AT_SOURCE),
                new Cell(Moment.DESTINATION_COMMITTED, Fault.RESTART_LIBVIRTD_AT_DESTINATION),
                new Cell(Moment.SOURCE_CONFIRMED, Fault.FREEZE_LIBVIRTD_AT_SOURCE),
                new Cell(Moment.DESTINATION_VERIFIED, Fault.FREEZE_LIBVIRTD_AT_DESTINATION),
                new Cell(Moment.SOURCE_SENT, Fault.KILL_QEMU_AT_SOURCE),
                new Cell(Moment.DESTINATION_COMMITTED, Fault.KILL_QEMU_AT_DESTINATION),
                new Cell(Moment.SOURCE_COMMITTED, Fault.CUT_FOR_A_SECOND),
                new Cell(Moment.DESTINATION_HALFWAY, Fault.CUT_FOR_A_MINUTE),
                new Cell(Moment.SOURCE_SAVED, Fault.CUT_FOR_GOOD),
                new Cell(Moment.DESTINATION_WAITING, Fault.STALLED),
                new Cell(Moment.SOURCE_PREPARED, Fault.DISK_FULL_AT_SOURCE),
                new Cell(Moment.DESTINATION_OFFERED, Fault.DISK_FULL_AT_DESTINATION),
                new Cell(Moment.SOURCE_SENT, Fault.JOURNAL_UNWRITABLE_AT_SOURCE),
                new Cell(Moment.DESTINATION_WAITING, Fault.JOURNAL_UNWRITABLE_AT_DESTINATION),
                new Cell(Moment.SOURCE_COMMITTED, Fault.FREEZE_SOURCE),
                new Cell(Moment.DESTINATION_VERIFIED, Fault.FREEZE_DESTINATION),
                new Cell(Moment.DESTINATION_RUNNING, Fault.POWER_OFF_SOURCE),
                new Cell(Moment.DESTINATION_RESUMED, Fault.POWER_OFF_DESTINATION),
                new Cell(Moment.SOURCE_CONFIRMED, Fault.CLOCK_OF_SOURCE_AHEAD),
                new Cell(Moment.DESTINATION_OFFERED, Fault.CLOCK_OF_DESTINATION_AHEAD));
    }
}
