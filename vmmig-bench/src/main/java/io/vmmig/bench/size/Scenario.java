// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import io.vmmig.bench.Figure;
import io.vmmig.bench.Load;
import io.vmmig.bench.Medians;
import io.vmmig.lab.host.SendProfile;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * A guest in some state, and the targets for its package.
 *
 * @param name its name on the command line
 * @param title what is measured
 * @param load the guest's load
 * @param profiles the profiles that are compared
 * @param targets the targets
 */
record Scenario(String name, String title, Load load, Set<SendProfile> profiles, List<Target> targets) {
    /**
     * A limit for the median over all rounds.
     *
     * @param what its name
     * @param value the value for a round
     * @param limit its upper bound
     */
    record Target(String what, ToDoubleFunction<Round> value, double limit) {}

    private static final List<Target> IDLE_SIZES = List.of(
            new Target("package, of zip -9", round -> round.sizeRatio(SendProfile.DEFAULT), 0.40),
            new Target(
                    "package with free pages, of zip -9", round -> round.sizeRatio(SendProfile.WITH_FREE_PAGES), 0.65));

    private static final List<Target> IDLE_TIMES = List.of(
            new Target("time to a package, of virsh save", round -> round.timeRatio(SendProfile.DEFAULT), 1),
            new Target(
                    "time to a package, of virsh save and zip -9",
                    round -> round.wholeTimeRatio(SendProfile.DEFAULT),
                    0.05),
            new Target("cost of sealing and signing, of the time to a package", Round::protectionRatio, protection()));

    /** ChaCha20 has no help from the processor's vector units before JDK 20. */
    private static double protection() {
        return Runtime.version().feature() < 20 ? 0.35 : 0.15;
    }

    static final Scenario IDLE =
            idle(Set.of(SendProfile.values()), Stream.concat(IDLE_SIZES.stream(), IDLE_TIMES.stream()));

    /** Without times: a single round says too little about them. */
    static final Scenario IDLE_QUICK =
            idle(Set.of(SendProfile.DEFAULT, SendProfile.WITH_FREE_PAGES), IDLE_SIZES.stream());

    private static Scenario idle(Set<SendProfile> profiles, Stream<Target> targets) {
        return new Scenario("idle", "ten seconds after the boot", Load.IDLE, profiles, targets.toList());
    }

    static final Scenario FILES_READ = new Scenario(
            "files",
            "after it has read 200 MB of files",
            Load.FILES_READ,
            Set.of(SendProfile.DEFAULT),
            List.of(new Target("package, of zip -9", round -> round.sizeRatio(SendProfile.DEFAULT), 0.20)));

    static final Scenario MEMORY_DROPPED = new Scenario(
            "redis",
            "after its redis has held 300 MB and flushed them",
            Load.MEMORY_DROPPED,
            Set.of(SendProfile.DEFAULT),
            List.of(new Target("package, of zip -9", round -> round.sizeRatio(SendProfile.DEFAULT), 0.10)));

    static final Scenario RETURN = new Scenario(
            "return",
            "on its move back, after ten idle seconds at another host",
            Load.IDLE,
            Set.of(SendProfile.DEFAULT),
            List.of(new Target("package back, of zip -9", round -> round.sizeRatio(SendProfile.DEFAULT), 0.005)));

    static final List<Scenario> ALL = List.of(IDLE, FILES_READ, MEMORY_DROPPED, RETURN);

    /** The figures of these rounds. */
    List<Figure> figures(List<Round> rounds) {
        return targets.stream()
                .map(target ->
                        Figure.atMost(name + ": " + target.what(), Medians.of(rounds, target.value()), target.limit()))
                .toList();
    }
}
