// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.content.Digest;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;

/** The order in which cached packages are evicted. */
final class Eviction {
    private Eviction() {}

    /**
     * A package.
     *
     * @param seal its identity
     * @param usedAt when it was last used
     * @param needs the packages that it is based on
     */
    record Candidate(Digest seal, Instant usedAt, Set<Digest> needs) {
        Candidate {
            needs = Set.copyOf(needs);
        }
    }

    /**
     * The order of eviction: first packages that are useless because one that they are based on is missing, then the least recently used;
     * and each package before those that it is based on, since these are useful without it.
     */
    static List<Digest> order(Collection<Candidate> packages) {
        Map<Digest, Candidate> here = new HashMap<>();
        packages.forEach(one -> here.put(one.seal(), one));
        Map<Digest, List<Candidate>> dependants = new HashMap<>();
        for (Candidate one : packages) {
            one.needs().forEach(need -> dependants
                    .computeIfAbsent(need, none -> new ArrayList<>())
                    .add(one));
        }
        Set<Digest> useless = useless(here.keySet(), dependants);
        Map<Digest, Integer> neededBy = new HashMap<>();
        dependants.forEach((seal, others) -> neededBy.put(seal, others.size()));
        Queue<Candidate> free =
                new PriorityQueue<>(Comparator.comparing((Candidate one) -> !useless.contains(one.seal()))
                        .thenComparing(Candidate::usedAt));
        packages.stream().filter(one -> !neededBy.containsKey(one.seal())).forEach(free::add);
        List<Digest> order = new ArrayList<>();
        for (Candidate next = free.poll(); next != null; next = free.poll()) {
            order.add(next.seal());
            for (Digest need : next.needs()) {
                Candidate beneath = here.get(need);
                if (neededBy.merge(need, -1, Integer::sum) == 0 && beneath != null) {
                    free.add(beneath);
                }
            }
        }
        return order;
    }

    /** Packages that are based, directly or not, on a missing one. */
    private static Set<Digest> useless(Set<Digest> here, Map<Digest, List<Candidate>> dependants) {
        Queue<Digest> missing = new ArrayDeque<>();
        dependants.keySet().stream().filter(seal -> !here.contains(seal)).forEach(missing::add);
        Set<Digest> useless = new HashSet<>();
        for (Digest next = missing.poll(); next != null; next = missing.poll()) {
            for (Candidate one : dependants.getOrDefault(next, List.of())) {
                if (useless.add(one.seal())) {
                    missing.add(one.seal());
                }
            }
        }
        return useless;
    }
}
