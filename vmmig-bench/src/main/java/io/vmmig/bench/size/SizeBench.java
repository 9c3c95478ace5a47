// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.vmmig.bench.Bench;
import io.vmmig.bench.Figure;
import io.vmmig.bench.Options;
import io.vmmig.bench.Outcome;
import io.vmmig.lab.host.Lab;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** Measures sizes and times of packages of real guests, compared with {@code virsh save} and {@code zip -9}. */
public final class SizeBench {
    private static final int ROUNDS = 5;
    /** Sizes vary less between rounds than times. */
    private static final int ROUNDS_OF_SIZES = 3;
    /** After that many packages the JVM has compiled most of the code. Sizes need no warm-up. */
    private static final int WARM_UPS = 40;

    private static final String ALL = "all";

    private final PrintStream out;
    private final List<Scenario> scenarios;
    private final int asked;

    private SizeBench(PrintStream out, List<Scenario> scenarios, int asked) {
        this.out = out;
        this.scenarios = scenarios;
        this.asked = asked;
    }

    /**
     * Takes {@code --quick}, {@code --rounds}, {@code --only} and at the end the directory for the results. Exits with 1 if a
     * target is missed, and with 2 if nothing could be measured.
     */
    public static void main(String[] args) {
        Bench.run(
                args, (words, out, directory) -> parse(out, words).run().conclude(out, directory.resolve("size.json")));
    }

    private static SizeBench parse(PrintStream out, List<String> words) {
        Options options = new Options(words);
        boolean quick = options.flag("quick");
        int rounds = (int) options.number("rounds", 1, quick ? 1 : 0);
        String only = options.word("only", ALL);
        options.requireNoMore();
        if (quick) {
            return new SizeBench(out, List.of(Scenario.IDLE_QUICK), rounds);
        }
        List<Scenario> scenarios = Scenario.ALL.stream()
                .filter(scenario -> only.equals(ALL) || scenario.name().equals(only))
                .toList();
        if (scenarios.isEmpty()) {
            throw new IllegalArgumentException("--only needs one of "
                    + String.join(
                            ", ", Scenario.ALL.stream().map(Scenario::name).toList()));
        }
        return new SizeBench(out, scenarios, rounds);
    }

    private Outcome run() {
        List<Figure> figures = new ArrayList<>();
        JsonObject details = new JsonObject();
        try (Lab lab = Lab.open()) {
            MeasuredHosts hosts = new MeasuredHosts(lab, scenarios.equals(List.of(Scenario.IDLE_QUICK)) ? 0 : WARM_UPS);
            out.printf("A Debian of 512 MiB, %s; each round has a fresh guest%n", hosts.versions());
            details.addProperty("versions", hosts.versions());
            for (Scenario scenario : scenarios) {
                List<Round> done = measure(hosts, scenario);
                figures.addAll(scenario.figures(done));
                JsonArray array = new JsonArray();
                done.forEach(round -> array.add(round.toJson()));
                details.add(scenario.name(), array);
            }
        }
        return new Outcome(figures, details);
    }

    private List<Round> measure(MeasuredHosts hosts, Scenario scenario) {
        out.printf("%n%s: %s%n", scenario.name(), scenario.title());
        int rounds = asked > 0 ? asked : scenario == Scenario.IDLE ? ROUNDS : ROUNDS_OF_SIZES;
        List<Round> done = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            out.printf("  round %d%n", i + 1);
            Round round = scenario == Scenario.RETURN ? hosts.wayBack() : hosts.round(scenario, i);
            round.print(out);
            done.add(round);
        }
        return done;
    }
}
