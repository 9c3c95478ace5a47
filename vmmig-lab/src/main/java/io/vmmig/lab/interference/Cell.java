// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.host.InjectionPoint;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** One action at one injection point. */
record Cell(InjectionPoint point, Action action) {
    /** Each phase of a migration once, at the end that works in it, in order. */
    static final List<InjectionPoint> POINTS = List.of(
            InjectionPoint.SOURCE_OFFERING,
            InjectionPoint.DESTINATION_OFFERED,
            InjectionPoint.SOURCE_ACCEPTED,
            InjectionPoint.SOURCE_PREPARED,
            InjectionPoint.SOURCE_SAVED,
            InjectionPoint.SOURCE_HALFWAY,
            InjectionPoint.DESTINATION_VERIFIED,
            InjectionPoint.SOURCE_SENT,
            InjectionPoint.SOURCE_COMMITTED,
            InjectionPoint.DESTINATION_COMMITTED,
            InjectionPoint.DESTINATION_RUNNING,
            InjectionPoint.SOURCE_CONFIRMED,
            InjectionPoint.SOURCE_RETIRED);

    /** All cells that are possible. */
    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>();
        for (InjectionPoint point : POINTS) {
            for (Action action : Action.values()) {
                Cell cell = new Cell(point, action);
                if (cell.canBe()) {
                    cells.add(cell);
                }
            }
        }
        return cells;
    }

    /** Every action once, at a point at which it has done harm, or might. */
    static List<Cell> sample() {
        return Stream.of(Action.values())
                .map(action -> new Cell(action.mostHarmfulAt(), action))
                .toList();
    }

    /**
     * A guest that was paused before its migration is not resumed at the destination, so no end can wait before or after that.
     */
    private boolean canBe() {
        return !action.startsPaused()
                || point != InjectionPoint.DESTINATION_COMMITTED && point != InjectionPoint.DESTINATION_RUNNING;
    }

    private int place() {
        return POINTS.indexOf(point);
    }

    /** Whether the guest still runs for its users, and will be saved later. */
    boolean beforeSave() {
        return place() < POINTS.indexOf(InjectionPoint.SOURCE_SAVED);
    }

    /** Whether all of its memory may have been read, so that it could arrive without its QEMU. */
    boolean memoryMayBeRead() {
        return place() > POINTS.indexOf(InjectionPoint.SOURCE_HALFWAY);
    }

    /** Whether the source has journalled COMMITTED. */
    boolean givenAway() {
        return place() >= POINTS.indexOf(InjectionPoint.SOURCE_COMMITTED);
    }

    /** Whether it runs at the destination. */
    boolean runsThere() {
        return place() >= POINTS.indexOf(InjectionPoint.DESTINATION_RUNNING);
    }

    @Override
    public String toString() {
        return point + ", " + action.title();
    }
}
