// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import java.util.EnumSet;
import java.util.Set;

/** How a migration ended in which something went wrong. */
enum Ending {
    COMPLETED("completed", "the guest moved, and there was nothing to recover"),
    RECOVERED_THERE("→ recovered", "the guest moved; a recovery settled what was left"),
    ROLLED_BACK("rolled back", "the guest went on at the source, and there was nothing to recover"),
    RECOVERED_HERE("← recovered", "the guest went on at the source; a recovery settled what was left"),
    ENDED_HERE(
            "ended at source",
            "the guest's QEMU died, or its host, while nothing but it had the guest: it was started again from its disk at the"
                    + " source, with all records that it had synced"),
    ENDED_THERE("ended at destination", "the same at the destination, which had taken it over"),
    UNKNOWN_THEN_THERE(
            "unknown →", "only the destination knew; when it could be asked again, the source retired the guest"),
    UNKNOWN_THEN_HERE(
            "unknown ←", "only the destination knew; when it could be asked again, the guest went on at the source"),
    DECIDED_HERE(
            "person ←",
            "the destination lost its power between noting that the guest was its own and noting that it ran: a person saw that it had"
                    + " not run there, and it went on at the source"),
    DECIDED_THERE(
            "person →",
            "as before, but the guest had run there: a person said so, and it was started again from its disk there");

    static final Set<Ending> AT_SOURCE = EnumSet.of(ROLLED_BACK, RECOVERED_HERE);
    static final Set<Ending> AT_DESTINATION = EnumSet.of(COMPLETED, RECOVERED_THERE);
    static final Set<Ending> AT_EITHER = EnumSet.of(ROLLED_BACK, RECOVERED_HERE, COMPLETED, RECOVERED_THERE);

    private final String word;
    private final String meaning;

    Ending(String word, String meaning) {
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
