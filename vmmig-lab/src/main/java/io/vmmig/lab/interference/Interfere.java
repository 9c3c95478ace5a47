// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.Checkout;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.matrix.Matrix;
import io.vmmig.lab.matrix.Selection;
import io.vmmig.lab.matrix.Worker;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Moves guests on real hosts while someone else interferes, at every phase. */
public final class Interfere {
    private static final int WORKERS = 2;
    private static final int SECONDS_PER_CELL = 120;

    private Interfere() {}

    /**
     * Takes {@code --sample}, {@code --only WORD}, {@code --seed NUMBER}, {@code --workers NUMBER}. Exits with 1 if a cell was
     * red, and with 2 if the matrix could not run. Only a run of all cells writes {@code docs/interference-matrix.md}.
     */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        int status;
        try {
            status = run(out, arguments) ? 0 : 1;
        } catch (LabException | IOException | IllegalArgumentException e) {
            System.err.println("interfere: " + e.getMessage());
            status = 2;
        }
        System.exit(status);
    }

    private static boolean run(PrintStream out, String... arguments) throws IOException {
        Selection<Cell> chosen = Selection.of(
                Cell.all(),
                Cell.sample(),
                cell -> cell + " " + cell.point().name() + " " + cell.action().name(),
                WORKERS,
                arguments);
        Selection.requireSome(chosen);
        List<Matrix.Outcome<Cell>> outcomes;
        try (Lab lab = Lab.open()) {
            outcomes = new Matrix<>(lab, new Trials(), chosen, out).run();
        }
        if (chosen.whole()) {
            Path table = Checkout.root().resolve("docs/interference-matrix.md");
            Files.writeString(table, InterferenceTable.of(outcomes).text());
            out.println("written: " + table);
        }
        return outcomes.stream().allMatch(Matrix.Outcome::green);
    }

    /** Runs the sample that the tests use: each action once. */
    public static List<? extends Matrix.Outcome<?>> sample(Lab lab, PrintStream out) {
        return new Matrix<>(lab, new Trials(), Selection.sample(Cell.sample(), WORKERS), out).run();
    }

    private static final class Trials implements Matrix.Kind<Cell> {
        @Override
        public Worker<Cell> open(Lab lab, String name, Random random) {
            return new InterferenceWorker(lab, name);
        }

        @Override
        public int secondsFor(Cell cell) {
            return SECONDS_PER_CELL;
        }

        @Override
        public boolean waits(Cell cell) {
            return cell.action().isOrderly();
        }
    }
}
