// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.Checkout;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.matrix.Lane;
import io.vmmig.lab.matrix.Matrix;
import io.vmmig.lab.matrix.Selection;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Moves guests while somebody does something to them, at every phase, on real hosts. */
public final class Interfere {
    private static final int LANES = 2;
    private static final int SECONDS_PER_CELL = 120;

    private Interfere() {}

    /**
     * Takes {@code --sample}, {@code --only WORD}, {@code --seed NUMBER}, {@code --lanes NUMBER}. Ends with 1 if a cell was not as it
     * should be, and with 2 if the matrix could not run. All cells, and nothing less, write {@code docs/interference-matrix.md}.
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
                cell -> cell + " " + cell.moment().name() + " " + cell.action().name(),
                LANES,
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

    /** The sample that the tests try each time: each action once. */
    public static List<? extends Matrix.Outcome<?>> sample(Lab lab, PrintStream out) {
        return new Matrix<>(lab, new Trials(), Selection.sample(Cell.sample(), LANES), out).run();
    }

    private static final class Trials implements Matrix.Kind<Cell> {
        @Override
        public Lane<Cell> open(Lab lab, String name, Random random) {
            return new InterferenceLane(lab, name);
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
