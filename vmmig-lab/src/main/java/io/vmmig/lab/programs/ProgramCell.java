// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.programs;

import java.util.ArrayList;
import java.util.List;

/** One of the programs that users paste, killed at one step. */
record ProgramCell(Program program, Step step) {
    /** All cells that are possible. */
    static List<ProgramCell> all() {
        List<ProgramCell> cells = new ArrayList<>();
        for (Program program : Program.values()) {
            program.steps().forEach(step -> cells.add(new ProgramCell(program, step)));
        }
        return cells;
    }

    /** The sample. */
    static List<ProgramCell> sample() {
        return List.of(
                new ProgramCell(Program.MIGRATE, Step.COMMITTED),
                new ProgramCell(Program.RECEIVE, Step.SNAPSHOT),
                new ProgramCell(Program.SAVE, Step.SNAPSHOT),
                new ProgramCell(Program.CANCEL, Step.DISKS),
                new ProgramCell(Program.RESTORE, Step.RESTORE));
    }

    @Override
    public String toString() {
        return program + " killed at " + step;
    }
}
