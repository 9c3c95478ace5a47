// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.matrix.Matrix;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All cells as a document: a row for each injection point, a column for each fault. */
final class MatrixTable {
    private static final List<List<Fault>> PARTS = List.of(
            List.of(
                    Fault.KILL_SOURCE,
                    Fault.RETRY_AT_ONCE,
                    Fault.KILL_DESTINATION,
                    Fault.KILL_LIBVIRTD_AT_SOURCE,
                    Fault.KILL_LIBVIRTD_AT_DESTINATION,
                    Fault.KILL_QEMU_AT_SOURCE,
                    Fault.KILL_QEMU_AT_DESTINATION,
                    Fault.POWER_OFF_SOURCE,
                    Fault.POWER_OFF_DESTINATION),
            List.of(
                    Fault.RESTART_LIBVIRTD_AT_SOURCE,
                    Fault.RESTART_LIBVIRTD_AT_DESTINATION,
                    Fault.FREEZE_LIBVIRTD_AT_SOURCE,
                    Fault.FREEZE_LIBVIRTD_AT_DESTINATION),
            List.of(
                    Fault.CUT_FOR_A_SECOND,
                    Fault.CUT_FOR_A_MINUTE,
                    Fault.CUT_FOR_GOOD,
                    Fault.STALLED,
                    Fault.FREEZE_SOURCE,
                    Fault.FREEZE_DESTINATION),
            List.of(
                    Fault.DISK_FULL_AT_SOURCE,
                    Fault.DISK_FULL_AT_DESTINATION,
                    Fault.JOURNAL_UNWRITABLE_AT_SOURCE,
                    Fault.JOURNAL_UNWRITABLE_AT_DESTINATION,
                    Fault.CLOCK_OF_SOURCE_AHEAD,
                    Fault.CLOCK_OF_DESTINATION_AHEAD));

    private final Map<Cell, Matrix.Outcome<Cell>> outcomes = new HashMap<>();

    private MatrixTable() {}

    static MatrixTable of(List<Matrix.Outcome<Cell>> outcomes) {
        MatrixTable table = new MatrixTable();
        outcomes.forEach(outcome -> table.outcomes.put(outcome.cell(), outcome));
        return table;
    }

    String text() {
        long green = outcomes.values().stream().filter(Matrix.Outcome::green).count();
        StringBuilder text = new StringBuilder();
        text.append("# The fault matrix\n\n");
        text.append("Written by `./faults`; `lab/README.md` says how it works. ");
        text.append(outcomes.size()).append(" cells, ").append(green).append(" of them green.\n\n");
        text.append(
                "A row is a step of a hand-over (`docs/hand-over.md`) at which one end waits; a column is the fault injected there.\n");
        text.append(
                "A cell says how the migration ended after both ends had recovered. In each, the guest ran in one place at most, its\n");
        text.append(
                "memory, ticks and disk records were complete, nothing was left over at either host, and the next migration worked.\n");
        for (List<Fault> part : PARTS) {
            appendPart(text, part);
        }
        text.append(
                "\nBoth ends notice a cut link; neither notices a stalled one. A frozen program and a stalled link are silent for longer\n");
        text.append(
                "than the peer's idle timeout. Where a journal is unwritable, no file of that program can grow.\n\n");
        text.append("| word | meaning |\n| --- | --- |\n");
        for (FaultOutcome outcome : FaultOutcome.values()) {
            text.append("| ")
                    .append(outcome.word())
                    .append(" | ")
                    .append(outcome.meaning())
                    .append(" |\n");
        }
        return text.toString();
    }

    private void appendPart(StringBuilder text, List<Fault> faults) {
        text.append("\n| |");
        faults.forEach(fault -> text.append(' ').append(fault.title()).append(" |"));
        text.append("\n|").append(" --- |".repeat(faults.size() + 1)).append('\n');
        Cell.points().forEach(point -> {
            text.append("| ").append(point).append(" |");
            faults.forEach(fault ->
                    text.append(' ').append(word(new Cell(point, fault))).append(" |"));
            text.append('\n');
        });
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
