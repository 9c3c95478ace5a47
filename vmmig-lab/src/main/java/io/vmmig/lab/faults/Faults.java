// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.Checkout;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.SendProfile;
import io.vmmig.lab.matrix.Matrix;
import io.vmmig.lab.matrix.Selection;
import io.vmmig.lab.matrix.Worker;
import io.vmmig.lab.programs.Programs;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Injects every fault at every point of a migration, with real guests. */
public final class Faults {
    private static final int WORKERS = 4;
    private static final int LANES_FOR_A_SAMPLE = 2;
    /** Gentle, since the hosts of several cells share the processors. */
    private static final String LOAD = "vmmig.burst=4 vmmig.burst.rate=1";

    private static final int SECONDS_PER_CELL = 300;
    private static final int SECONDS_PER_LONG_CELL = 150;

    private Faults() {}

    /**
     * Takes {@code --sample}, {@code --only WORD}, {@code --seed NUMBER}, {@code --workers NUMBER}. Exits with 1 if a cell was
     * red, and with 2 if the matrix could not run. Only a run of all cells writes {@code docs/fault-matrix.md}.
     */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        int status;
        try {
            status = run(out, arguments) ? 0 : 1;
        } catch (LabException | IOException | IllegalArgumentException e) {
            System.err.println("faults: " + e.getMessage());
            status = 2;
        }
        System.exit(status);
    }

    private static boolean run(PrintStream out, String... arguments) throws IOException {
        Selection<Cell> chosen = Selection.of(
                Cell.all(),
                Sample.cells(),
                cell -> cell + " " + cell.point().name() + " " + cell.fault().name(),
                WORKERS,
                arguments);
        Trials kind = new Trials(chosen.sample() ? Limits.sample() : Limits.whole());
        Selection.requireSome(chosen, Programs.choose(arguments));
        List<Matrix.Outcome<Cell>> outcomes;
        List<Matrix.Outcome<?>> programs;
        try (Lab lab = Lab.open()) {
            outcomes = new Matrix<>(lab, kind, chosen, out).run();
            programs = Programs.run(lab, out, arguments);
        }
        if (chosen.whole()) {
            Path table = Checkout.root().resolve("docs/fault-matrix.md");
            Files.writeString(table, MatrixTable.of(outcomes).text() + Programs.table(programs));
            out.println("written: " + table);
        }
        return Stream.concat(outcomes.stream(), programs.stream()).allMatch(Matrix.Outcome::green);
    }

    /** Runs the sample that the tests use. The next cell shows that the next migration works. */
    public static List<Matrix.Outcome<?>> sample(Lab lab, PrintStream out) {
        List<Matrix.Outcome<?>> all = new ArrayList<>(new Matrix<>(
                        lab, new Trials(Limits.sample()), Selection.sample(Sample.cells(), LANES_FOR_A_SAMPLE), out)
                .run());
        all.addAll(Programs.run(lab, out, "--sample"));
        return all;
    }

    /** @param limits how long things take */
    private record Trials(Limits limits) implements Matrix.Kind<Cell> {
        @Override
        public Worker<Cell> open(Lab lab, String name, Random random) {
            return new FaultWorkers(profile -> new FaultWorker(
                    lab, profile == SendProfile.LIVE ? name + "l" : name, limits, random, profile, LOAD));
        }

        @Override
        public int secondsFor(Cell cell) {
            return waits(cell) ? SECONDS_PER_LONG_CELL : SECONDS_PER_CELL;
        }

        @Override
        public boolean waits(Cell cell) {
            return cell.fault() == Fault.CUT_FOR_A_MINUTE;
        }
    }
}
