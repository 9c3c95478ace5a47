// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.matrix;

import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Which cells of a matrix to run, and how.
 *
 * @param cells these
 * @param whole whether these are all cells
 * @param sample whether these are the sample, with each kind once
 * @param seed determines their order
 * @param workers how many of them run at once
 * @param <C> the cells
 */
public record Selection<C>(List<C> cells, boolean whole, boolean sample, long seed, int workers) {
    /** The sample. */
    public static <C> Selection<C> sample(List<C> cells, int workers) {
        return new Selection<>(cells, false, true, anySeed(), workers);
    }

    /**
     * Parses a command line: {@code --sample}, {@code --only WORDS}, {@code --seed NUMBER}, {@code --workers NUMBER}.
     *
     * @param name gives the name of a cell
     * @return without cells when no name matches
     * @throws IllegalArgumentException for any other argument
     */
    public static <C> Selection<C> of(
            List<C> all, List<C> sample, Function<C, String> name, int workers, String... arguments) {
        Selection<C> chosen = new Selection<>(all, true, false, anySeed(), workers);
        for (int i = 0; i < arguments.length; i++) {
            chosen = switch (arguments[i]) {
                case "--sample" -> new Selection<>(sample, false, true, chosen.seed, chosen.workers);
                case "--only" -> chosen.only(argument(arguments, ++i), name);
                case "--seed" ->
                    new Selection<>(
                            chosen.cells,
                            chosen.whole,
                            chosen.sample,
                            Long.parseLong(argument(arguments, ++i)),
                            chosen.workers);
                case "--workers" ->
                    new Selection<>(
                            chosen.cells,
                            chosen.whole,
                            chosen.sample,
                            chosen.seed,
                            Integer.parseInt(argument(arguments, ++i)));
                default -> throw new IllegalArgumentException("unknown argument " + arguments[i]);
            };
        }
        return chosen;
    }

    /** @throws IllegalArgumentException when no cell is selected */
    public static void requireSome(Selection<?>... selections) {
        if (Stream.of(selections).allMatch(selection -> selection.cells().isEmpty())) {
            throw new IllegalArgumentException("no cell has such a name");
        }
    }

    private static long anySeed() {
        return new Random().nextInt(1_000_000);
    }

    private static String argument(String[] arguments, int i) {
        if (i >= arguments.length) {
            throw new IllegalArgumentException(arguments[i - 1] + " needs a value");
        }
        return arguments[i];
    }

    /** Filters by words of the name: {@code +} means and, {@code |} means or. */
    private Selection<C> only(String words, Function<C, String> name) {
        return new Selection<>(
                cells.stream()
                        .filter(cell ->
                                matches(name.apply(cell).toLowerCase(Locale.ROOT), words.toLowerCase(Locale.ROOT)))
                        .toList(),
                false,
                sample,
                seed,
                workers);
    }

    private static boolean matches(String name, String words) {
        return Stream.of(words.split("\\|", -1))
                .anyMatch(some -> Stream.of(some.split("\\+", -1)).allMatch(name::contains));
    }
}
