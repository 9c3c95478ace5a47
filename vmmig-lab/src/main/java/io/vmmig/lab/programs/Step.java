// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.programs;

import io.vmmig.error.Phase;
import org.jspecify.annotations.Nullable;

/** Where a program is killed: on entry to a method of vmmig. */
enum Step {
    PREPARE(Phase.PREPARE),
    CONNECT(Phase.CONNECT),
    OFFER(Phase.OFFER),
    BOOT_FILES(Phase.BOOT_FILES),
    SUSPEND(Phase.SUSPEND),
    DISKS(Phase.DISKS),
    SNAPSHOT(Phase.SNAPSHOT),
    RESTORE(Phase.RESTORE),
    COMMIT(Phase.COMMIT),
    /** The source has journalled COMMITTED, and has not sent it. */
    COMMITTED("COMMITTED", "io.vmmig.transport.wire.WireOutgoingSession", "commit"),
    RESUME(Phase.RESUME),
    RETIRE(Phase.RETIRE),
    /** All is done, and the source's journal still exists. */
    RETIRED("RETIRED", "io.vmmig.handover.DepartureJournal", "end");

    private final String title;
    private final String type;
    private final String method;
    private final @Nullable Phase phase;

    Step(Phase phase) {
        this.title = phase.name();
        this.type = "io.vmmig.pipeline.Recorder";
        this.method = "enter";
        this.phase = phase;
    }

    Step(String title, String type, String method) {
        this.title = title;
        this.type = type;
        this.method = method;
        this.phase = null;
    }

    /** The class of the method. */
    String type() {
        return type;
    }

    String method() {
        return method;
    }

    /** Whether a call whose first argument is that enum constant, or null for none, is this step. */
    boolean isAt(@Nullable String argument) {
        return phase == null || phase.name().equals(argument);
    }

    @Override
    public String toString() {
        return title;
    }
}
