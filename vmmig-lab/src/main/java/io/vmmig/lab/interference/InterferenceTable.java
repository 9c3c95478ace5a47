// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.host.Moment;
import io.vmmig.lab.matrix.Matrix;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All cells as a document: a row for each action, a column for each moment. */
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
        text.append(outcomes.size()).append(" cells, ").append(green).append(" of them as they should be.\n");
        text.append(
                """

                A row is what somebody else does with a guest, or near it, while vmmig moves it; a column is the moment of the hand-over
                (`docs/hand-over.md`) at which one end waits meanwhile. A cell says how it ended, after all hosts have recovered. In each of
                them exactly one copy of the guest was left, or none where its user had ended it; its memory, ticks and disk records were
                whole; no file or guest of anybody else was touched; and what both ends said of both hosts was what `virsh` said. What was
                changed of it before it was given away (COMMITTED) shows in the guest, or was named by one end; what is changed later at the
                source is changed in a copy that is about to be removed. One thing is lost unseen: what memory a paused guest is told to
                give back, of which libvirt reports nothing.

                """);
        text.append("| |");
        Cell.MOMENTS.forEach(moment -> text.append(' ').append(moment).append(" |"));
        text.append("\n|").append(" --- |".repeat(Cell.MOMENTS.size() + 1)).append('\n');
        for (Action action : Action.values()) {
            text.append("| ").append(action.title()).append(" |");
            for (Moment moment : Cell.MOMENTS) {
                text.append(' ').append(word(new Cell(moment, action))).append(" |");
            }
            text.append('\n');
        }
        text.append(
                """

                | word | meaning |
                | --- | --- |
                | moved | the guest lives at the destination |
                | moved elsewhere | the second program has moved it, to another host |
                | stayed | the guest lives at the source |
                | ended | it lives nowhere, since its user has ended it or its QEMU was killed |
                | refused | libvirt, or vmmig, has refused what somebody wanted |
                | told | the source's report or its events name what was done |
                | alarm | somebody has let the source's copy run after the guest had been given away: it ran twice until that copy was \
                ended, and the source says so at once |
                | recovered | a recovery settled what was left |
                """);
        return text.toString();
    }

    private String word(Cell cell) {
        Matrix.Outcome<Cell> outcome = outcomes.get(cell);
        if (outcome == null) {
            return "–";
        }
        String ending = outcome.ending();
        return outcome.green() && ending != null ? ending : "**RED**";
    }
}
