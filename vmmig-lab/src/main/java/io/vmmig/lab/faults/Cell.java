// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.host.Moment;
import java.util.ArrayList;
import java.util.List;

/** One fault at one moment. */
record Cell(Moment moment, Fault fault) {
    /** All of a hand-over, in their order; before its first note nothing is to be recovered. */
    static List<Moment> moments() {
        List<Moment> all = new ArrayList<>(List.of(Moment.values()));
        all.removeAll(List.of(Moment.SOURCE_OFFERING, Moment.SOURCE_ACCEPTED));
        return all;
    }

    /** Every one that there can be. */
    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>();
        for (Moment moment : moments()) {
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
