// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.host.Moment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** One action at one moment. */
record Cell(Moment moment, Action action) {
    /** Each phase of a migration once, at the end that works in it, in their order. */
    static final List<Moment> MOMENTS = List.of(
            Moment.SOURCE_OFFERING,
            Moment.DESTINATION_OFFERED,
            Moment.SOURCE_ACCEPTED,
            Moment.SOURCE_PREPARED,
            Moment.SOURCE_SAVED,
            Moment.SOURCE_HALFWAY,
            Moment.DESTINATION_VERIFIED,
            Moment.SOURCE_SENT,
            Moment.SOURCE_COMMITTED,
            Moment.DESTINATION_COMMITTED,
            Moment.DESTINATION_RUNNING,
            Moment.SOURCE_CONFIRMED,
            Moment.SOURCE_RETIRED);

    /** Every one that there can be. */
    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>();
        for (Moment moment : MOMENTS) {
            for (Action action : Action.values()) {
                Cell cell = new Cell(moment, action);
                if (cell.canBe()) {
                    cells.add(cell);
                }
            }
        }
        return cells;
    }

    /** Every action once, at moments at which it has done harm, or might. */
    static List<Cell> sample() {
        return Stream.of(Action.values())
                .map(action -> new Cell(action.mostHarmfulAt(), action))
                .toList();
    }

    /** A guest that was paused when it was saved is resumed by nobody at the destination, so nobody waits before or after that. */
    private boolean canBe() {
        return !action.startsPaused() || moment != Moment.DESTINATION_COMMITTED && moment != Moment.DESTINATION_RUNNING;
    }

    private int place() {
        return MOMENTS.indexOf(moment);
    }

    /** Whether the guest still runs for its users, and will be saved later. */
    boolean beforeSave() {
        return place() < MOMENTS.indexOf(Moment.SOURCE_SAVED);
    }

    /** Whether all of its memory may have been read, so that it could arrive without its QEMU. */
    boolean memoryMayBeRead() {
        return place() > MOMENTS.indexOf(Moment.SOURCE_HALFWAY);
    }

    /** Whether it is noted at the source that the guest is given away. */
    boolean givenAway() {
        return place() >= MOMENTS.indexOf(Moment.SOURCE_COMMITTED);
    }

    /** Whether it runs at the destination. */
    boolean runsThere() {
        return place() >= MOMENTS.indexOf(Moment.DESTINATION_RUNNING);
    }

    @Override
    public String toString() {
        return moment + ", " + action.title();
    }
}
