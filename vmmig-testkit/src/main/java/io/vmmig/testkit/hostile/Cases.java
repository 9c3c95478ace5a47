// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import io.vmmig.error.Problem;
import io.vmmig.testkit.hostile.HostilePackage.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Collects hostile packages. */
final class Cases {
    private final List<HostilePackage> cases = new ArrayList<>();

    List<HostilePackage> all() {
        return List.copyOf(cases);
    }

    /** Bytes that break the package format. */
    void format(String name, Problem problem, Fault fault, byte[] bytes) {
        cases.add(new HostilePackage(name, problem, fault, true, bytes));
    }

    /** A package in good form, with a content that only a destination refuses. */
    void content(String name, Problem problem, HandMadePackage parts) {
        cases.add(new HostilePackage(
                name, problem, Fault.BEFORE_MEMORY, false, parts.sealed().bytes()));
    }

    /** The harmless package, changed before it is sealed. */
    void before(String name, Problem problem, Consumer<HandMadePackage> change) {
        changed(name, problem, Fault.BEFORE_MEMORY, change);
    }

    /** The harmless package, changed before it is sealed, where its memory is or behind it. */
    void behind(String name, Problem problem, Consumer<HandMadePackage> change) {
        changed(name, problem, Fault.IN_MEMORY_OR_BEHIND, change);
    }

    private void changed(String name, Problem problem, Fault fault, Consumer<HandMadePackage> change) {
        HandMadePackage parts = Harmless.parts();
        change.accept(parts);
        format(name, problem, fault, parts.sealed().bytes());
    }

    /** The harmless package, changed after it was sealed. */
    void afterSeal(String name, Problem problem, Fault fault, Consumer<HandMadePackage> change) {
        HandMadePackage parts = Harmless.parts().sealed();
        change.accept(parts);
        format(name, problem, fault, parts.bytes());
    }
}
