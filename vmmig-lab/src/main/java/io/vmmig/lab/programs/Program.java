// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.programs;

import java.util.EnumSet;
import java.util.Set;

/** A program of vmmig-examples, as users paste it. */
enum Program {
    MIGRATE("MigrateOverTls", EnumSet.complementOf(EnumSet.of(Step.RESUME))),
    RECEIVE("Receive", EnumSet.of(Step.OFFER, Step.DISKS, Step.SNAPSHOT, Step.RESTORE, Step.COMMIT, Step.RESUME)),
    SAVE(
            "SaveToFile",
            EnumSet.of(
                    Step.PREPARE,
                    Step.OFFER,
                    Step.BOOT_FILES,
                    Step.SUSPEND,
                    Step.DISKS,
                    Step.SNAPSHOT,
                    Step.COMMIT,
                    Step.RESUME)),
    CANCEL("CancelMidway", EnumSet.of(Step.PREPARE, Step.SUSPEND, Step.DISKS, Step.SNAPSHOT)),
    RESTORE("RestoreFromFile", EnumSet.of(Step.OFFER, Step.DISKS, Step.SNAPSHOT, Step.RESTORE, Step.RESUME));

    private final String example;
    private final Set<Step> steps;

    Program(String example, Set<Step> steps) {
        this.example = example;
        this.steps = steps;
    }

    String main() {
        return "io.vmmig.examples." + example;
    }

    /** Those that it takes. */
    Set<Step> steps() {
        return steps;
    }

    @Override
    public String toString() {
        return example;
    }
}
