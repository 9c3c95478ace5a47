// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.host.InjectionPoint;
import io.vmmig.lab.host.SendProfile;
import java.util.ArrayList;
import java.util.List;

/** One fault at one injection point. */
record Cell(InjectionPoint point, Fault fault) {
    /** All points of a hand-over, in order. Before the first journal entry there is nothing to recover. */
    static List<InjectionPoint> points() {
        List<InjectionPoint> all = new ArrayList<>(List.of(InjectionPoint.values()));
        all.removeAll(List.of(InjectionPoint.SOURCE_OFFERING, InjectionPoint.SOURCE_ACCEPTED));
        return all;
    }

    /** All cells that are possible. */
    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>();
        for (InjectionPoint point : points()) {
            for (Fault fault : Fault.values()) {
                Cell cell = new Cell(point, fault);
                if (cell.isPossible()) {
                    cells.add(cell);
                }
            }
        }
        return cells;
    }

    /** Whether a guest moves live so that the point is reached. */
    boolean isLive() {
        return point.profile() == SendProfile.LIVE;
    }

    /** A QEMU can only be killed where there is one. */
    private boolean isPossible() {
        return switch (fault) {
            case KILL_QEMU_AT_SOURCE -> point != InjectionPoint.SOURCE_RETIRED;
            case KILL_QEMU_AT_DESTINATION ->
                point != InjectionPoint.SOURCE_BASELINE && point != InjectionPoint.DESTINATION_BASELINE;
            default -> true;
        };
    }

    @Override
    public String toString() {
        return point + ", " + fault.title();
    }
}
