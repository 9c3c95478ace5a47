// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.host.Moment;
import java.util.ArrayList;
import java.util.List;

/** One fault at one moment. */
record Cell(Moment moment, Fault fault) {
    /** Every one that there can be. */
    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>();
        for (Moment moment : Moment.values()) {
            for (Fault fault : Fault.values()) {
                // The source has no QEMU any more that could be killed.
                if (moment != Moment.SOURCE_RETIRED || fault != Fault.KILL_QEMU_AT_SOURCE) {
                    cells.add(new Cell(moment, fault));
                }
            }
        }
        return cells;
    }

    @Override
    public String toString() {
        return moment + ", " + fault.title();
    }
}
