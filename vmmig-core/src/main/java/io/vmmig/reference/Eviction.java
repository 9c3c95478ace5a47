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

/** Which kept packages are removed before others. */
final class Eviction {
    private Eviction() {}

    /**
     * A package.
     *
     * @param seal what it is known by
     * @param usedAt when it was used last
     * @param needs the packages that it stands upon
     */
    record Candidate(Digest seal, Instant usedAt, Set<Digest> needs) {
        Candidate {
            needs = Set.copyOf(needs);
        }
    }

    /**
     * The order in which they are removed: first what is of no use because it stands upon a package that is not there, then what
     * was not used for longest; and always a package before those that it stands upon, which are of use without it.
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

    /** What stands, in whatever way, upon a package that is not here. */
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
