// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.error.EndState;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.report.Notice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one end reported when it was done.
 *
 * @param end which one, for messages
 * @param failure null if it reported success
 * @param notices what else it reported
 */
record Answer(String end, @Nullable MoveFailed failure, List<Notice> notices) {
    private static final Duration TIME_TO_END = Duration.ofSeconds(75);

    static Answer of(String end, Move move) {
        try {
            move.await(TIME_TO_END);
            return new Answer(end, null, told(move));
        } catch (MoveFailed e) {
            return new Answer(end, e, told(move));
        } catch (LabException e) {
            throw new LabException("the " + end + " has no answer", e);
        }
    }

    /** Without those about the length of the pause, which say nothing about what others did. */
    private static List<Notice> told(Move move) {
        return move.notices().stream()
                .filter(notice -> notice.kind() != Notice.Kind.CLOCK_BEHIND)
                .toList();
    }

    boolean well() {
        return failure == null;
    }

    boolean told(Notice.Kind kind) {
        return notices.stream().anyMatch(notice -> notice.kind() == kind);
    }

    /** Whether it reported that this file stays behind. */
    boolean leaves(Path file) {
        return notices.stream()
                .anyMatch(notice -> notice.kind() == Notice.Kind.LEFT_BEHIND
                        && notice.subject().equals(file.toString()));
    }

    /**
     * What it reported that is not true.
     *
     * @param mayBe the states that the guest may be in where its users decide
     */
    List<String> lies(Seen atSource, Seen atDestination, Set<Seen> mayBe) {
        List<String> lies = new ArrayList<>();
        MoveFailed failed = failure;
        if (failed == null) {
            compare("guest has moved", atSource, EnumSet.of(Seen.ABSENT), "source", lies);
            compare("guest has moved", atDestination, mayBe, "destination", lies);
        } else {
            compare(failed, failed.source(), atSource, mayBe, "source", lies);
            compare(failed, failed.destination(), atDestination, mayBe, "destination", lies);
        }
        return lies;
    }

    private void compare(
            MoveFailed failed, EndState said, Seen seen, Set<Seen> mayBe, String where, List<String> lies) {
        Set<Seen> meant =
                switch (said.name()) {
                    case "RUNS" -> EnumSet.of(Seen.RUNNING);
                    case "PAUSED" -> EnumSet.of(Seen.PAUSED);
                    case "STOPPED" -> EnumSet.of(Seen.OFF);
                    case "GONE", "HOLDS_NOTHING" -> EnumSet.of(Seen.ABSENT);
                    case "UNTOUCHED" -> where.equals("destination") ? withAbsent(mayBe) : mayBe;
                    case "HOLDS_PACKAGE" -> EnumSet.noneOf(Seen.class);
                    // This says nothing about its state.
                    default -> EnumSet.allOf(Seen.class);
                };
        compare(said + " (" + failed.getMessage() + ")", seen, meant, where, lies);
    }

    /** Nothing of it was there before, unless another migration has brought it. */
    private static Set<Seen> withAbsent(Set<Seen> mayBe) {
        Set<Seen> either = EnumSet.of(Seen.ABSENT);
        either.addAll(mayBe);
        return either;
    }

    private void compare(String said, Seen seen, Set<Seen> meant, String where, List<String> lies) {
        if (!meant.contains(seen)) {
            lies.add("the " + end + " says of the " + where + ": " + said + ", and it is " + seen);
        }
    }

    @Override
    public String toString() {
        return end + ": " + (failure == null ? "well" : failure.problem() + ", " + failure.getMessage())
                + (notices.isEmpty() ? "" : " " + notices);
    }
}
