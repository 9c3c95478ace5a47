// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.Checkout;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.Lab;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;

/** Has everything go wrong at every moment of a migration, on real guests. */
public final class Faults {
    private static final int LANES = 4;

    private Faults() {}

    /**
     * Takes {@code --sample}, {@code --only WORD}, {@code --seed NUMBER}, {@code --lanes NUMBER}. Ends with 1 if a cell was not as it
     * should be, and with 2 if the matrix could not run. All cells, and nothing less, write {@code docs/fault-matrix.md}.
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
        List<Cell> cells = Cell.all();
        Limits limits = Limits.whole();
        boolean whole = true;
        long seed = new Random().nextInt(1_000_000);
        int lanes = LANES;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--sample" -> {
                    cells = Sample.cells();
                    limits = Limits.sample();
                    whole = false;
                }
                case "--only" -> {
                    String word = argument(arguments, ++i).toLowerCase(Locale.ROOT);
                    cells = cells.stream().filter(cell -> matches(cell, word)).toList();
                    whole = false;
                }
                case "--seed" -> seed = Long.parseLong(argument(arguments, ++i));
                case "--lanes" -> lanes = Integer.parseInt(argument(arguments, ++i));
                default -> throw new IllegalArgumentException("unknown word " + arguments[i]);
            }
        }
        if (cells.isEmpty()) {
            throw new IllegalArgumentException("no cell is called so");
        }
        List<Matrix.Outcome> outcomes;
        try (Lab lab = Lab.open()) {
            outcomes = new Matrix(lab, limits, seed, Math.min(lanes, cells.size()), out).run(new ArrayList<>(cells));
        }
        if (whole) {
            Path table = Checkout.root().resolve("docs/fault-matrix.md");
            Files.writeString(table, MatrixTable.of(outcomes).text());
            out.println("written: " + table);
        }
        return outcomes.stream().allMatch(Matrix.Outcome::green);
    }

    private static String argument(String[] arguments, int i) {
        if (i >= arguments.length) {
            throw new IllegalArgumentException(arguments[i - 1] + " wants a word");
        }
        return arguments[i];
    }

    /** Words of a cell's name, or of its constants' names: all that + joins, of one that | parts from others. */
    private static boolean matches(Cell cell, String words) {
        String name = (cell + " " + cell.moment().name() + " " + cell.fault().name()).toLowerCase(Locale.ROOT);
        return Stream.of(words.split("\\|", -1))
                .anyMatch(some -> Stream.of(some.split("\\+", -1)).allMatch(name::contains));
    }
}
