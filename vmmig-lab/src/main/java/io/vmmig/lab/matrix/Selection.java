// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.matrix;

import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Which cells of a matrix are tried, and how.
 *
 * @param cells these
 * @param whole whether they are all that there are
 * @param sample whether they are those of which each kind is tried once
 * @param seed makes their order
 * @param lanes how many of them are tried at once
 * @param <C> the cells
 */
public record Selection<C>(List<C> cells, boolean whole, boolean sample, long seed, int lanes) {
    /** The cells that are tried each time. */
    public static <C> Selection<C> sample(List<C> cells, int lanes) {
        return new Selection<>(cells, false, true, anySeed(), lanes);
    }

    /**
     * What a command line says: {@code --sample}, {@code --only WORDS}, {@code --seed NUMBER}, {@code --lanes NUMBER}.
     *
     * @param name what a cell is called
     * @return no cell when none is called so
     * @throws IllegalArgumentException when it says something else
     */
    public static <C> Selection<C> of(
            List<C> all, List<C> sample, Function<C, String> name, int lanes, String... arguments) {
        Selection<C> chosen = new Selection<>(all, true, false, anySeed(), lanes);
        for (int i = 0; i < arguments.length; i++) {
            chosen = switch (arguments[i]) {
                case "--sample" -> new Selection<>(sample, false, true, chosen.seed, chosen.lanes);
                case "--only" -> chosen.only(argument(arguments, ++i), name);
                case "--seed" ->
                    new Selection<>(
                            chosen.cells,
                            chosen.whole,
                            chosen.sample,
                            Long.parseLong(argument(arguments, ++i)),
                            chosen.lanes);
                case "--lanes" ->
                    new Selection<>(
                            chosen.cells,
                            chosen.whole,
                            chosen.sample,
                            chosen.seed,
                            Integer.parseInt(argument(arguments, ++i)));
                default -> throw new IllegalArgumentException("unknown word " + arguments[i]);
            };
        }
        return chosen;
    }

    /** @throws IllegalArgumentException when nothing is to be tried at all */
    public static void requireSome(Selection<?>... selections) {
        if (Stream.of(selections).allMatch(selection -> selection.cells().isEmpty())) {
            throw new IllegalArgumentException("no cell is called so");
        }
    }

    private static long anySeed() {
        return new Random().nextInt(1_000_000);
    }

    private static String argument(String[] arguments, int i) {
        if (i >= arguments.length) {
            throw new IllegalArgumentException(arguments[i - 1] + " wants a word");
        }
        return arguments[i];
    }

    /** Words of a cell's name: all that + joins, of one that | parts from others. */
    private Selection<C> only(String words, Function<C, String> name) {
        return new Selection<>(
                cells.stream()
                        .filter(cell ->
                                matches(name.apply(cell).toLowerCase(Locale.ROOT), words.toLowerCase(Locale.ROOT)))
                        .toList(),
                false,
                sample,
                seed,
                lanes);
    }

    private static boolean matches(String name, String words) {
        return Stream.of(words.split("\\|", -1))
                .anyMatch(some -> Stream.of(some.split("\\+", -1)).allMatch(name::contains));
    }
}
