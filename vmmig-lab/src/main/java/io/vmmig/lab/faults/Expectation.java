// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import static io.vmmig.lab.faults.FaultOutcome.AT_DESTINATION;
import static io.vmmig.lab.faults.FaultOutcome.AT_EITHER;
import static io.vmmig.lab.faults.FaultOutcome.AT_SOURCE;
import static io.vmmig.lab.faults.FaultOutcome.COMPLETED;
import static io.vmmig.lab.faults.FaultOutcome.DECIDED_HERE;
import static io.vmmig.lab.faults.FaultOutcome.DECIDED_THERE;
import static io.vmmig.lab.faults.FaultOutcome.ENDED_HERE;
import static io.vmmig.lab.faults.FaultOutcome.ENDED_THERE;
import static io.vmmig.lab.faults.FaultOutcome.RECOVERED_THERE;
import static io.vmmig.lab.faults.FaultOutcome.ROLLED_BACK;
import static io.vmmig.lab.faults.FaultOutcome.UNKNOWN_THEN_HERE;
import static io.vmmig.lab.faults.FaultOutcome.UNKNOWN_THEN_THERE;

import io.vmmig.lab.host.InjectionPoint;
import java.util.EnumSet;
import java.util.Set;

/**
 * Which outcomes the protocol allows for a cell. There is more than one where the ends race: for example, a message may or may
 * not have arrived before its sender died.
 */
final class Expectation {
    /** How far the hand-over has come. */
    private enum Stage {
        /** The source owns the guest; it has not recorded COMMITTED. */
        KEPT,
        /** The source has recorded COMMITTED; the destination may not know. */
        OFFERED,
        /** The destination has recorded COMMITTED, and has not resumed the guest. */
        TAKEN,
        /** The guest runs at the destination, which has not recorded it. */
        RUNS,
        /** The guest runs at the destination, which has recorded it. */
        MOVED
    }

    private Expectation() {}

    private static Stage stageOf(InjectionPoint point) {
        return switch (point) {
            case SOURCE_COMMITTED, DESTINATION_WAITING -> Stage.OFFERED;
            case DESTINATION_COMMITTED -> Stage.TAKEN;
            case DESTINATION_RUNNING -> Stage.RUNS;
            case SOURCE_CONFIRMED, SOURCE_RETIRED, DESTINATION_RESUMED -> Stage.MOVED;
            default -> Stage.KEPT;
        };
    }

    static Set<FaultOutcome> of(Cell cell) {
        InjectionPoint point = cell.point();
        Stage stage = stageOf(point);
        // The fault may hit the source just before it records COMMITTED, and then it does not.
        boolean mayBeKept = stage == Stage.KEPT || wordIsOnItsWay(point);
        return switch (cell.fault()) {
            case KILL_SOURCE -> killedSource(point, stage);
            // The next attempt replaces the one that was lost.
            case RETRY_AT_ONCE -> AT_DESTINATION;
            case KILL_DESTINATION -> before(stage, Stage.TAKEN) ? AT_SOURCE : AT_DESTINATION;
            // libvirtd is back within a second, so whatever does not need it meanwhile continues.
            case KILL_LIBVIRTD_AT_SOURCE -> mayBeKept ? AT_EITHER : AT_DESTINATION;
            case KILL_LIBVIRTD_AT_DESTINATION -> before(stage, Stage.RUNS) ? AT_EITHER : AT_DESTINATION;
            // After an orderly restart there is nothing to recover.
            case RESTART_LIBVIRTD_AT_SOURCE -> mayBeKept ? EnumSet.of(ROLLED_BACK, COMPLETED) : EnumSet.of(COMPLETED);
            case RESTART_LIBVIRTD_AT_DESTINATION ->
                before(stage, Stage.TAKEN) ? EnumSet.of(ROLLED_BACK, COMPLETED) : EnumSet.of(COMPLETED);
            case FREEZE_LIBVIRTD_AT_SOURCE -> mayBeKept ? AT_EITHER : AT_DESTINATION;
            case FREEZE_LIBVIRTD_AT_DESTINATION -> before(stage, Stage.TAKEN) ? AT_EITHER : AT_DESTINATION;
            case KILL_QEMU_AT_SOURCE -> killedGuest(point);
            case KILL_QEMU_AT_DESTINATION -> before(stage, Stage.RUNS) ? AT_SOURCE : EnumSet.of(ENDED_THERE);
            // Both ends resume the connection.
            case CUT_FOR_A_SECOND -> EnumSet.of(COMPLETED);
            case CUT_FOR_A_MINUTE, STALLED, FREEZE_SOURCE, FREEZE_DESTINATION -> silenced(stage);
            case CUT_FOR_GOOD -> parted(point, stage);
            case DISK_FULL_AT_SOURCE -> mayBeKept ? AT_EITHER : AT_DESTINATION;
            case DISK_FULL_AT_DESTINATION -> before(stage, Stage.TAKEN) ? AT_EITHER : AT_DESTINATION;
            // A step that cannot be journalled is not taken.
            case JOURNAL_UNWRITABLE_AT_SOURCE ->
                stage == Stage.KEPT ? AT_SOURCE : mayBeKept ? AT_EITHER : AT_DESTINATION;
            case JOURNAL_UNWRITABLE_AT_DESTINATION -> before(stage, Stage.TAKEN) ? AT_SOURCE : AT_DESTINATION;
            case POWER_OFF_SOURCE -> powerlessSource(point, stage);
            case POWER_OFF_DESTINATION ->
                switch (stage) {
                    case KEPT, OFFERED -> AT_SOURCE;
                    case TAKEN -> EnumSet.of(DECIDED_HERE);
                    case RUNS -> EnumSet.of(DECIDED_THERE);
                    case MOVED -> EnumSet.of(ENDED_THERE);
                };
            case CLOCK_OF_SOURCE_AHEAD, CLOCK_OF_DESTINATION_AHEAD -> EnumSet.of(COMPLETED);
        };
    }

    private static Set<FaultOutcome> union(Set<FaultOutcome> some, FaultOutcome another) {
        Set<FaultOutcome> all = EnumSet.copyOf(some);
        all.add(another);
        return all;
    }

    private static boolean before(Stage stage, Stage other) {
        return stage.compareTo(other) < 0;
    }

    /** The source's message was in flight, and the destination was about to read it. */
    private static boolean wordIsOnItsWay(InjectionPoint point) {
        return point == InjectionPoint.DESTINATION_WAITING;
    }

    private static Set<FaultOutcome> killedSource(InjectionPoint point, Stage stage) {
        if (wordIsOnItsWay(point)) {
            return AT_EITHER;
        }
        return before(stage, Stage.TAKEN) ? AT_SOURCE : AT_DESTINATION;
    }

    /** Only the source's QEMU has the guest, until all of its memory has been read. */
    private static Set<FaultOutcome> killedGuest(InjectionPoint point) {
        return switch (point) {
            case SOURCE_BASELINE,
                    DESTINATION_BASELINE,
                    SOURCE_PREPARED,
                    SOURCE_LIVE,
                    SOURCE_PRECOPY,
                    SOURCE_PAUSED,
                    SOURCE_SAVED,
                    SOURCE_HALFWAY,
                    DESTINATION_OFFERED,
                    DESTINATION_PRECOPY -> EnumSet.of(ENDED_HERE);
            // All memory of a small guest may have left its QEMU by then.
            case DESTINATION_HALFWAY -> EnumSet.of(ENDED_HERE, COMPLETED, RECOVERED_THERE);
            default -> AT_DESTINATION;
        };
    }

    private static Set<FaultOutcome> silenced(Stage stage) {
        return before(stage, Stage.TAKEN) ? AT_EITHER : AT_DESTINATION;
    }

    private static Set<FaultOutcome> parted(InjectionPoint point, Stage stage) {
        if (point == InjectionPoint.SOURCE_CONFIRMED || point == InjectionPoint.SOURCE_RETIRED) {
            return AT_DESTINATION;
        }
        if (wordIsOnItsWay(point)) {
            return EnumSet.of(ROLLED_BACK, UNKNOWN_THEN_HERE, UNKNOWN_THEN_THERE);
        }
        return switch (stage) {
            // It sent COMMIT only if it had not yet noticed that the peer was gone.
            case KEPT -> point == InjectionPoint.SOURCE_SENT ? union(AT_SOURCE, UNKNOWN_THEN_HERE) : AT_SOURCE;
            case OFFERED -> union(AT_SOURCE, UNKNOWN_THEN_HERE);
            case TAKEN, RUNS, MOVED -> EnumSet.of(UNKNOWN_THEN_THERE);
        };
    }

    private static Set<FaultOutcome> powerlessSource(InjectionPoint point, Stage stage) {
        if (wordIsOnItsWay(point)) {
            return EnumSet.of(ENDED_HERE, COMPLETED, RECOVERED_THERE);
        }
        return before(stage, Stage.TAKEN) ? EnumSet.of(ENDED_HERE) : AT_DESTINATION;
    }
}
