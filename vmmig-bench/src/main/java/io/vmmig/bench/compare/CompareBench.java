// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.vmmig.bench.Bench;
import io.vmmig.bench.Options;
import io.vmmig.bench.Outcome;
import io.vmmig.bench.Stopwatch;
import io.vmmig.lab.Units;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.Measured;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Moves guests with vmmig and by the usual alternatives, in one run. */
public final class CompareBench {
    private static final int TURNS_OF_SLOW_WAYS = 3;
    private static final long SLOW_MILLIS = 10_000;
    /** Whose QEMU moves emulated guests live without damage. */
    private static final String NEWER_RELEASE = "trixie";

    private final PrintStream out;
    private final List<Comparison> comparisons;
    private final boolean live;
    /** How many moves with vmmig precede the first that counts. */
    private final int warmUps;

    private final Map<Subject, Prepared> prepared = new EnumMap<>(Subject.class);

    private CompareBench(PrintStream out, List<Comparison> comparisons, boolean live, int warmUps) {
        this.out = out;
        this.comparisons = comparisons;
        this.live = live;
        this.warmUps = warmUps;
    }

    /**
     * Takes {@code quick}, {@code full} or {@code live}, {@code --rounds}, {@code --guest} and {@code --link}, and at the end the
     * directory for the reports. Exits with 1 if a target is missed, and with 2 if something could not be measured or a guest was damaged.
     */
    public static void main(String[] args) {
        Bench.run(args, (words, out, directory) -> parse(out, words).run(directory));
    }

    private static CompareBench parse(PrintStream out, List<String> words) {
        boolean quick = words.get(0).equals("quick");
        boolean live = words.get(0).equals("live");
        Options options = new Options(words.subList(1, words.size()));
        int rounds = (int) options.number("rounds", 1, 0);
        String guest = options.word("guest", "");
        String link = options.word("link", "");
        options.requireNoMore();
        List<Comparison> chosen = (quick ? Comparison.QUICK : live ? Comparison.LIVE : Comparison.FULL)
                .stream()
                        .filter(comparison ->
                                guest.isEmpty() || comparison.subject().word().equals(guest))
                        .filter(comparison -> link.isEmpty()
                                || comparison.link().title().split(" ", -1)[0].equals(link))
                        .map(comparison -> rounds == 0 ? comparison : comparison.in(rounds))
                        .toList();
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException("there is no such guest and link; see ./bench --help");
        }
        return new CompareBench(out, chosen, live, quick ? 1 : 4);
    }

    private int run(Path directory) {
        try (Lab lab = Lab.open()) {
            Ground ground = new Ground(lab, live ? NEWER_RELEASE : Lab.THIS_RELEASE);
            out.println(ground.a().versions() + ", " + Runtime.getRuntime().availableProcessors() + " processors, JDK "
                    + Runtime.version());
            warmUp(ground);
            Obstacles obstacles = new Obstacles(ground);
            List<Result> results = new ArrayList<>();
            for (Comparison comparison : comparisons) {
                results.add(compare(ground, comparison, obstacles));
                // After each comparison, since a later one may fail.
                report(results, ground.a().versions(), directory);
            }
            out.println("To look at: " + report(directory, "html"));
            return outcome(results, ground.a().versions()).conclude(out, report(directory, "json"));
        }
    }

    private Path report(Path directory, String suffix) {
        return directory.resolve((live ? "live." : "report.") + suffix);
    }

    private void warmUp(Ground ground) {
        Prepared guest = prepare(comparisons.get(0).subject(), ground);
        for (int i = 0; i < warmUps; i++) {
            new Trials(ground).run(guest, live ? Comparison.VMMIG_LIVE : Comparison.VMMIG_BACK);
        }
    }

    private static Outcome outcome(List<Result> results, String versions) {
        JsonArray all = new JsonArray();
        results.forEach(result -> all.add(result.toJson()));
        JsonObject details = new JsonObject();
        details.addProperty("versions", versions);
        details.add("comparisons", all);
        return new Outcome(Targets.of(results), details);
    }

    private void report(List<Result> results, String versions, Path directory) {
        Outcome outcome = outcome(results, versions);
        outcome.write(report(directory, "json"));
        Path page = report(directory, "html");
        try {
            Files.writeString(report(directory, "md"), Markdown.of(results, outcome.figures()));
            Files.writeString(page, Report.of(results, outcome.figures(), versions));
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + page, e);
        }
    }

    private Prepared prepare(Subject subject, Ground ground) {
        Prepared known = prepared.get(subject);
        if (known != null) {
            return known;
        }
        Optional<Prepared> earlier = subject.earlier().map(other -> prepare(other, ground));
        Stopwatch watch = new Stopwatch();
        Prepared made =
                earlier.map(guest -> guest.become(subject, ground)).orElseGet(() -> Prepared.of(subject, ground));
        out.printf("%n%s, ready after %s. %s%n", subject.title(), Units.millis(watch.millis()), made.described());
        prepared.put(subject, made);
        return made;
    }

    /** Slow moves vary little between rounds; the time is better spent on those that vary. */
    private static boolean slow(Map<MigrationMethod, List<Trial>> done, MigrationMethod method) {
        return Spread.of(done.getOrDefault(method, List.of()), Measure.TOTAL::of)
                        .median()
                > SLOW_MILLIS;
    }

    private Result compare(Ground ground, Comparison comparison, Obstacles obstacles) {
        Measured measured = ground.connect(comparison.link());
        Prepared guest = prepare(comparison.subject(), ground);
        Map<MigrationMethod, String> closed = obstacles.of(comparison.methods(), guest);
        List<MigrationMethod> methods = new ArrayList<>(comparison.methods());
        methods.removeAll(closed.keySet());
        out.printf(
                "%n%s (measured: %.0f Mbit/s, %.1f ms)%n",
                comparison.title(), measured.megabitsPerSecond(), measured.roundTripMillis());
        closed.forEach((method, why) -> out.printf("  %-44s not available here: %s%n", method.title(), why));
        Trials trials = new Trials(ground);
        Map<MigrationMethod, List<Trial>> done = new LinkedHashMap<>();
        // In the order of the methods, whichever came first in a round.
        methods.forEach(method -> done.put(method, new ArrayList<>()));
        for (int round = 0; round < comparison.rounds(); round++) {
            List<MigrationMethod> turn = new ArrayList<>(methods);
            Collections.rotate(turn, round);
            if (round >= TURNS_OF_SLOW_WAYS) {
                turn.removeIf(method -> slow(done, method));
            }
            for (MigrationMethod method : turn) {
                Trial trial = trials.run(guest, method);
                done.computeIfAbsent(method, key -> new ArrayList<>()).add(trial);
                out.printf(
                        "  %d  %-44s downtime %9s, total %9s, %10s on the wire%n",
                        round + 1,
                        method.title(),
                        Measure.DOWNTIME.told(trial.downtimeMillis()),
                        Measure.TOTAL.told(trial.cost().millis()),
                        Measure.WIRE.told(trial.cost().wireBytes()));
            }
        }
        Result result = new Result(comparison, guest, measured, done, closed);
        out.print(Table.of(result));
        return result;
    }
}
