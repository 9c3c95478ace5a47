// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.host.InjectionPoint;
import java.util.List;

/** The cells of the sample: every fault once, at points that differ in which end has the guest. */
final class Sample {
    private Sample() {}

    static List<Cell> cells() {
        return List.of(
                new Cell(InjectionPoint.SOURCE_BASELINE, Fault.KILL_SOURCE),
                new Cell(InjectionPoint.DESTINATION_BASELINE, Fault.KILL_DESTINATION),
                new Cell(InjectionPoint.SOURCE_COMMITTED, Fault.KILL_SOURCE),
                new Cell(InjectionPoint.SOURCE_HALFWAY, Fault.RETRY_AT_ONCE),
                new Cell(InjectionPoint.DESTINATION_COMMITTED, Fault.KILL_DESTINATION),
                new Cell(InjectionPoint.SOURCE_SENT, Fault.KILL_LIBVIRTD_AT_SOURCE),
                new Cell(InjectionPoint.DESTINATION_RECEIVED, Fault.KILL_LIBVIRTD_AT_DESTINATION),
                new Cell(InjectionPoint.SOURCE_HALFWAY, Fault.RESTART_LIBVIRTD_AT_SOURCE),
                new Cell(InjectionPoint.DESTINATION_COMMITTED, Fault.RESTART_LIBVIRTD_AT_DESTINATION),
                new Cell(InjectionPoint.SOURCE_CONFIRMED, Fault.FREEZE_LIBVIRTD_AT_SOURCE),
                new Cell(InjectionPoint.DESTINATION_VERIFIED, Fault.FREEZE_LIBVIRTD_AT_DESTINATION),
                new Cell(InjectionPoint.SOURCE_SENT, Fault.KILL_QEMU_AT_SOURCE),
                new Cell(InjectionPoint.DESTINATION_COMMITTED, Fault.KILL_QEMU_AT_DESTINATION),
                new Cell(InjectionPoint.SOURCE_COMMITTED, Fault.CUT_FOR_A_SECOND),
                new Cell(InjectionPoint.DESTINATION_HALFWAY, Fault.CUT_FOR_A_MINUTE),
                new Cell(InjectionPoint.SOURCE_SAVED, Fault.CUT_FOR_GOOD),
                new Cell(InjectionPoint.DESTINATION_WAITING, Fault.STALLED),
                new Cell(InjectionPoint.SOURCE_PREPARED, Fault.DISK_FULL_AT_SOURCE),
                new Cell(InjectionPoint.DESTINATION_OFFERED, Fault.DISK_FULL_AT_DESTINATION),
                new Cell(InjectionPoint.SOURCE_SENT, Fault.JOURNAL_UNWRITABLE_AT_SOURCE),
                new Cell(InjectionPoint.DESTINATION_WAITING, Fault.JOURNAL_UNWRITABLE_AT_DESTINATION),
                new Cell(InjectionPoint.SOURCE_COMMITTED, Fault.FREEZE_SOURCE),
                new Cell(InjectionPoint.DESTINATION_VERIFIED, Fault.FREEZE_DESTINATION),
                new Cell(InjectionPoint.DESTINATION_RUNNING, Fault.POWER_OFF_SOURCE),
                new Cell(InjectionPoint.DESTINATION_RESUMED, Fault.POWER_OFF_DESTINATION),
                new Cell(InjectionPoint.SOURCE_CONFIRMED, Fault.CLOCK_OF_SOURCE_AHEAD),
                new Cell(InjectionPoint.DESTINATION_OFFERED, Fault.CLOCK_OF_DESTINATION_AHEAD));
    }
}
