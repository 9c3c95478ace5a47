// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import java.util.EnumSet;
import java.util.Set;

/** How a migration with a fault ended. */
enum FaultOutcome {
    COMPLETED("completed", "the guest moved, and there was nothing to recover"),
    RECOVERED_THERE("→ recovered", "the guest moved; a recovery finished the rest"),
    ROLLED_BACK("rolled back", "the guest continued at the source, and there was nothing to recover"),
    RECOVERED_HERE("← recovered", "the guest continued at the source; a recovery finished the rest"),
    ENDED_HERE(
            "ended at source",
            "the guest's QEMU or host died while nothing else had the guest: the guest was started again from its disk at the"
                    + " source, with all records that it had synced"),
    ENDED_THERE("ended at destination", "the same at the destination, which had taken it over"),
    UNKNOWN_THEN_THERE(
            "unknown →", "only the destination knew; when it could be asked again, the source retired the guest"),
    UNKNOWN_THEN_HERE(
            "unknown ←", "only the destination knew; when it could be asked again, the guest continued at the source"),
    DECIDED_HERE(
            "person ←",
            "the destination lost its power between recording that it owns the guest and recording that the guest runs: a person saw"
                    + " that it had not run there, and it continued at the source"),
    DECIDED_THERE(
            "person →",
            "as before, but the guest had run there: a person said so, and it was started again from its disk there");

    static final Set<FaultOutcome> AT_SOURCE = EnumSet.of(ROLLED_BACK, RECOVERED_HERE);
    static final Set<FaultOutcome> AT_DESTINATION = EnumSet.of(COMPLETED, RECOVERED_THERE);
    static final Set<FaultOutcome> AT_EITHER = EnumSet.of(ROLLED_BACK, RECOVERED_HERE, COMPLETED, RECOVERED_THERE);

    private final String word;
    private final String meaning;

    FaultOutcome(String word, String meaning) {
        this.word = word;
        this.meaning = meaning;
    }

    String word() {
        return word;
    }

    String meaning() {
        return meaning;
    }
}
