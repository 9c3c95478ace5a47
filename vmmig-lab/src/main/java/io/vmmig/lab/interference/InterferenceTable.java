// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.host.InjectionPoint;
import io.vmmig.lab.matrix.Matrix;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All cells as a document: a row for each action, a column for each injection point. */
final class InterferenceTable {
    private final Map<Cell, Matrix.Outcome<Cell>> outcomes = new HashMap<>();

    private InterferenceTable() {}

    static InterferenceTable of(List<Matrix.Outcome<Cell>> outcomes) {
        InterferenceTable table = new InterferenceTable();
        outcomes.forEach(outcome -> table.outcomes.put(outcome.cell(), outcome));
        return table;
    }

    String text() {
        long green = outcomes.values().stream().filter(Matrix.Outcome::green).count();
        StringBuilder text = new StringBuilder("# The interference matrix\n\n");
        text.append("Written by `./interfere`; `lab/README.md` says how it works. ");
        text.append(outcomes.size()).append(" cells, ").append(green).append(" of them green.\n");
        text.append(
                """

                A row is what someone else does with a guest, or near it, while vmmig moves it; a column is the step of the hand-over
                (`docs/hand-over.md`) at which one end waits meanwhile. A cell says how the migration ended after all hosts had recovered. In
                each, exactly one copy of the guest was left, or none where its user had ended it; its memory, ticks and disk records were
                complete; no file or guest of anyone else was touched; and what both ends reported about both hosts agreed with `virsh`. A
                change made before COMMITTED shows in the guest, or one end reported it; a later change at the source affects a copy that is
                about to be removed. One thing is lost silently: a balloon target set for a paused guest, about which libvirt reports nothing.

                """);
        text.append("| |");
        Cell.POINTS.forEach(point -> text.append(' ').append(point).append(" |"));
        text.append("\n|").append(" --- |".repeat(Cell.POINTS.size() + 1)).append('\n');
        for (Action action : Action.values()) {
            text.append("| ").append(action.title()).append(" |");
            for (InjectionPoint point : Cell.POINTS) {
                text.append(' ').append(word(new Cell(point, action))).append(" |");
            }
            text.append('\n');
        }
        text.append(
                """

                | word | meaning |
                | --- | --- |
                | moved | the guest is at the destination |
                | moved elsewhere | the second program has moved it, to another host |
                | stayed | the guest is at the source |
                | ended | the guest is nowhere: its user has ended it, or its QEMU was killed |
                | refused | libvirt or vmmig has refused the action |
                | told | the source's report or its events name the action |
                | alarm | someone has resumed the source's copy after the guest had been given away: it ran twice until that copy was \
                ended, and the source says so at once |
                | recovered | a recovery finished the rest |
                """);
        return text.toString();
    }

    private String word(Cell cell) {
        Matrix.Outcome<Cell> outcome = outcomes.get(cell);
        if (outcome == null) {
            return "–";
        }
        String word = outcome.outcome();
        return outcome.green() && word != null ? word : "**RED**";
    }
}
