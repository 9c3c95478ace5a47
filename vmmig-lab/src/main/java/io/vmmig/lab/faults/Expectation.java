// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import static io.vmmig.lab.faults.Ending.AT_DESTINATION;
import static io.vmmig.lab.faults.Ending.AT_EITHER;
import static io.vmmig.lab.faults.Ending.AT_SOURCE;
import static io.vmmig.lab.faults.Ending.COMPLETED;
import static io.vmmig.lab.faults.Ending.DECIDED_HERE;
import static io.vmmig.lab.faults.Ending.DECIDED_THERE;
import static io.vmmig.lab.faults.Ending.ENDED_HERE;
import static io.vmmig.lab.faults.Ending.ENDED_THERE;
import static io.vmmig.lab.faults.Ending.RECOVERED_THERE;
import static io.vmmig.lab.faults.Ending.ROLLED_BACK;
import static io.vmmig.lab.faults.Ending.UNKNOWN_THEN_HERE;
import static io.vmmig.lab.faults.Ending.UNKNOWN_THEN_THERE;

import io.vmmig.lab.host.Moment;
import java.util.EnumSet;
import java.util.Set;

/**
 * Which endings are right for a cell, by what the protocol promises. There is more than one where two ends race, such as a word that
 * may or may not have arrived before its sender died.
 */
final class Expectation {
    /** How far the guest has changed hands. */
    private enum Stage {
        /** It is the source's, which has not noted that it gives it away. */
        KEPT,
        /** The source has noted that it gives it away; the destination may not have heard so. */
        OFFERED,
        /** The destination has noted that it is its own, and has not let it run. */
        TAKEN,
        /** It runs at the destination, which is not noted there. */
        RUNS,
        /** It runs at the destination, which is noted there. */
        MOVED
    }

    private Expectation() {}

    private static Stage stageOf(Moment moment) {
        return switch (moment) {
            case SOURCE_COMMITTED, DESTINATION_WAITING -> Stage.OFFERED;
            case DESTINATION_COMMITTED -> Stage.TAKEN;
            case DESTINATION_RUNNING -> Stage.RUNS;
            case SOURCE_CONFIRMED, SOURCE_RETIRED, DESTINATION_RESUMED -> Stage.MOVED;
            default -> Stage.KEPT;
        };
    }

    static Set<Ending> of(Cell cell) {
        Moment moment = cell.moment();
        Stage stage = stageOf(moment);
        // The source may note only after it was struck that it gives the guest away, and then does not.
        boolean mayBeKept = stage == Stage.KEPT || wordIsOnItsWay(moment);
        return switch (cell.fault()) {
            case KILL_SOURCE -> killedSource(moment, stage);
            // The next attempt takes the place of the one that was lost.
            case RETRY_AT_ONCE -> AT_DESTINATION;
            case KILL_DESTINATION -> before(stage, Stage.TAKEN) ? AT_SOURCE : AT_DESTINATION;
            // libvirtd is back in a second, so whatever does not need it meanwhile goes on.
            case KILL_LIBVIRTD_AT_SOURCE -> mayBeKept ? AT_EITHER : AT_DESTINATION;
            case KILL_LIBVIRTD_AT_DESTINATION -> before(stage, Stage.RUNS) ? AT_EITHER : AT_DESTINATION;
            // An orderly restart leaves nothing to a recovery.
            case RESTART_LIBVIRTD_AT_SOURCE -> mayBeKept ? EnumSet.of(ROLLED_BACK, COMPLETED) : EnumSet.of(COMPLETED);
            case RESTART_LIBVIRTD_AT_DESTINATION ->
                before(stage, Stage.TAKEN) ? EnumSet.of(ROLLED_BACK, COMPLETED) : EnumSet.of(COMPLETED);
            case FREEZE_LIBVIRTD_AT_SOURCE -> mayBeKept ? AT_EITHER : AT_DESTINATION;
            case FREEZE_LIBVIRTD_AT_DESTINATION -> before(stage, Stage.TAKEN) ? AT_EITHER : AT_DESTINATION;
            case KILL_QEMU_AT_SOURCE -> killedGuest(moment);
            case KILL_QEMU_AT_DESTINATION -> before(stage, Stage.RUNS) ? AT_SOURCE : EnumSet.of(ENDED_THERE);
            // Both ends take the connection up again.
            case CUT_FOR_A_SECOND -> EnumSet.of(COMPLETED);
            case CUT_FOR_A_MINUTE, STALLED, FREEZE_SOURCE, FREEZE_DESTINATION -> silenced(stage);
            case CUT_FOR_GOOD -> parted(moment, stage);
            case DISK_FULL_AT_SOURCE -> mayBeKept ? AT_EITHER : AT_DESTINATION;
            case DISK_FULL_AT_DESTINATION -> before(stage, Stage.TAKEN) ? AT_EITHER : AT_DESTINATION;
            // What cannot be noted is not done.
            case JOURNAL_UNWRITABLE_AT_SOURCE ->
                stage == Stage.KEPT ? AT_SOURCE : mayBeKept ? AT_EITHER : AT_DESTINATION;
            case JOURNAL_UNWRITABLE_AT_DESTINATION -> before(stage, Stage.TAKEN) ? AT_SOURCE : AT_DESTINATION;
            case POWER_OFF_SOURCE -> powerlessSource(moment, stage);
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

    private static Set<Ending> union(Set<Ending> some, Ending another) {
        Set<Ending> all = EnumSet.copyOf(some);
        all.add(another);
        return all;
    }

    private static boolean before(Stage stage, Stage other) {
        return stage.compareTo(other) < 0;
    }

    /** The source's word was on its way when the destination was about to read it. */
    private static boolean wordIsOnItsWay(Moment moment) {
        return moment == Moment.DESTINATION_WAITING;
    }

    private static Set<Ending> killedSource(Moment moment, Stage stage) {
        if (wordIsOnItsWay(moment)) {
            return AT_EITHER;
        }
        return before(stage, Stage.TAKEN) ? AT_SOURCE : AT_DESTINATION;
    }

    /** The source's QEMU is the guest, until all of its memory has been read. */
    private static Set<Ending> killedGuest(Moment moment) {
        return switch (moment) {
            case SOURCE_PREPARED, SOURCE_SAVED, SOURCE_HALFWAY, DESTINATION_OFFERED -> EnumSet.of(ENDED_HERE);
            // A small guest's memory may all have left its QEMU by then.
            case DESTINATION_HALFWAY -> EnumSet.of(ENDED_HERE, COMPLETED, RECOVERED_THERE);
            default -> AT_DESTINATION;
        };
    }

    private static Set<Ending> silenced(Stage stage) {
        return before(stage, Stage.TAKEN) ? AT_EITHER : AT_DESTINATION;
    }

    private static Set<Ending> parted(Moment moment, Stage stage) {
        if (moment == Moment.SOURCE_CONFIRMED || moment == Moment.SOURCE_RETIRED) {
            return AT_DESTINATION;
        }
        if (wordIsOnItsWay(moment)) {
            return EnumSet.of(ROLLED_BACK, UNKNOWN_THEN_HERE, UNKNOWN_THEN_THERE);
        }
        return switch (stage) {
            // It has said COMMIT only if it had not noticed yet that nobody hears it.
            case KEPT -> moment == Moment.SOURCE_SENT ? union(AT_SOURCE, UNKNOWN_THEN_HERE) : AT_SOURCE;
            case OFFERED -> union(AT_SOURCE, UNKNOWN_THEN_HERE);
            case TAKEN, RUNS, MOVED -> EnumSet.of(UNKNOWN_THEN_THERE);
        };
    }

    private static Set<Ending> powerlessSource(Moment moment, Stage stage) {
        if (wordIsOnItsWay(moment)) {
            return EnumSet.of(ENDED_HERE, COMPLETED, RECOVERED_THERE);
        }
        return before(stage, Stage.TAKEN) ? EnumSet.of(ENDED_HERE) : AT_DESTINATION;
    }
}
