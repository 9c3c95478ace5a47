// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.programs;

import io.vmmig.lab.host.Lab;
import io.vmmig.lab.matrix.Matrix;
import io.vmmig.lab.matrix.Selection;
import io.vmmig.lab.matrix.Worker;
import java.io.PrintStream;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Kills each program that users paste at each of its steps, and restarts it. */
public final class Programs {
    private static final int WORKERS = 2;
    private static final int SECONDS_PER_CELL = 240;

    private Programs() {}

    /** The cells that a command line selects; see {@link Selection#of}. */
    public static Selection<?> choose(String... arguments) {
        return chosen(arguments);
    }

    private static Selection<ProgramCell> chosen(String... arguments) {
        return Selection.of(
                ProgramCell.all(),
                ProgramCell.sample(),
                cell -> cell + " " + cell.program().name() + " " + cell.step().name(),
                WORKERS,
                arguments);
    }

    /** Runs the cells that a command line selects. */
    public static List<Matrix.Outcome<?>> run(Lab lab, PrintStream out, String... arguments) {
        return List.copyOf(new Matrix<>(lab, new Trials(), chosen(arguments), out).run());
    }

    /** A row for each step, a column for each program. */
    public static String table(List<Matrix.Outcome<?>> outcomes) {
        Map<Object, Matrix.Outcome<?>> byCell = new HashMap<>();
        outcomes.forEach(outcome -> byCell.put(outcome.cell(), outcome));
        Set<Step> steps = EnumSet.noneOf(Step.class);
        StringBuilder text = new StringBuilder(
                """

                ## Programs as users paste them

                Each program of `vmmig-examples` runs in its own JVM, is killed (`kill -9`) when it reaches a step, and is started again with
                the same arguments: `Recovery` finishes what the first run left, and then the program does its job. `Receive` is restarted
                whenever it ends. No person does anything. Each cell leaves one running guest, complete, where it should be, and nothing else.

                """);
        text.append("| killed at |");
        for (Program program : Program.values()) {
            text.append(" `").append(program).append("` |");
            steps.addAll(program.steps());
        }
        text.append("\n|").append(" --- |".repeat(Program.values().length + 1)).append('\n');
        for (Step step : steps) {
            text.append("| ").append(step).append(" |");
            for (Program program : Program.values()) {
                Matrix.Outcome<?> outcome = byCell.get(new ProgramCell(program, step));
                String word = outcome == null ? "–" : outcome.green() ? outcome.outcome() : "**RED**";
                text.append(' ').append(word).append(" |");
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static final class Trials implements Matrix.Kind<ProgramCell> {
        @Override
        public Worker<ProgramCell> open(Lab lab, String name, Random random) {
            return new ProgramWorker(lab, name);
        }

        @Override
        public int secondsFor(ProgramCell cell) {
            return SECONDS_PER_CELL;
        }

        @Override
        public boolean waits(ProgramCell cell) {
            return cell.program() == Program.RECEIVE;
        }
    }
}
