// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import io.vmmig.bench.Figure;
import io.vmmig.bench.Load;
import io.vmmig.bench.Medians;
import io.vmmig.lab.host.Contender;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * A guest in some state, and what its package is to come to.
 *
 * @param name what it is called on the command line
 * @param title what is measured
 * @param load what the guest has done
 * @param contenders the ways of sending it that are compared
 * @param targets what is to hold
 */
record Scenario(String name, String title, Load load, Set<Contender> contenders, List<Target> targets) {
    /**
     * A limit for the median over all rounds.
     *
     * @param what what it is about
     * @param value what a round gives
     * @param limit what that may be at most
     */
    record Target(String what, ToDoubleFunction<Round> value, double limit) {}

    private static final List<Target> IDLE_SIZES = List.of(
            new Target("package, of zip -9", round -> round.sizeRatio(Contender.DEFAULT), 0.40),
            new Target(
                    "package with free pages, of zip -9", round -> round.sizeRatio(Contender.WITH_FREE_PAGES), 0.65));

    private static final List<Target> IDLE_TIMES = List.of(
            new Target("time to a package, of virsh save", round -> round.timeRatio(Contender.DEFAULT), 1),
            new Target(
                    "time to a package, of virsh save and zip -9",
                    round -> round.wholeTimeRatio(Contender.DEFAULT),
                    0.05),
            new Target("cost of sealing and signing, of the time to a package", Round::protectionRatio, protection()));

    /** ChaCha20 has no help from the processor's vector units before JDK 20. */
    private static double protection() {
        return Runtime.version().feature() < 20 ? 0.35 : 0.15;
    }

    static final Scenario IDLE =
            idle(Set.of(Contender.values()), Stream.concat(IDLE_SIZES.stream(), IDLE_TIMES.stream()));

    /** Without times, for which a single round says too little. */
    static final Scenario IDLE_QUICK = idle(Set.of(Contender.DEFAULT, Contender.WITH_FREE_PAGES), IDLE_SIZES.stream());

    private static Scenario idle(Set<Contender> contenders, Stream<Target> targets) {
        return new Scenario("idle", "ten seconds after the boot", Load.IDLE, contenders, targets.toList());
    }

    static final Scenario FILES_READ = new Scenario(
            "files",
            "after it has read 200 MB of files",
            Load.FILES_READ,
            Set.of(Contender.DEFAULT),
            List.of(new Target("package, of zip -9", round -> round.sizeRatio(Contender.DEFAULT), 0.20)));

    static final Scenario MEMORY_DROPPED = new Scenario(
            "redis",
            "after its redis has held 300 MB and flushed them",
            Load.MEMORY_DROPPED,
            Set.of(Contender.DEFAULT),
            List.of(new Target("package, of zip -9", round -> round.sizeRatio(Contender.DEFAULT), 0.10)));

    static final Scenario RETURN = new Scenario(
            "return",
            "on its way back, after ten idle seconds at another host",
            Load.IDLE,
            Set.of(Contender.DEFAULT),
            List.of(new Target("package back, of zip -9", round -> round.sizeRatio(Contender.DEFAULT), 0.005)));

    static final List<Scenario> ALL = List.of(IDLE, FILES_READ, MEMORY_DROPPED, RETURN);

    /** The figures of these rounds. */
    List<Figure> figures(List<Round> rounds) {
        return targets.stream()
                .map(target ->
                        Figure.atMost(name + ": " + target.what(), Medians.of(rounds, target.value()), target.limit()))
                .toList();
    }
}
