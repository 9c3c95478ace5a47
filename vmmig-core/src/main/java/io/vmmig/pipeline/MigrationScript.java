// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.report.MigrationReport;
import io.vmmig.snapshot.HeapBudget;

/** What the scripts of both ends have in common: after a failed step, the hand-over rolls back, and the caller gets an explanation. */
abstract class MigrationScript<R extends MigrationReport> {
    final Scope scope = new Scope();
    final Recorder recorder;
    final Cancellation cancellation;

    MigrationScript(Recorder recorder, Cancellation cancellation) {
        this.recorder = recorder;
        this.cancellation = cancellation;
    }

    /** Runs the script; a failure says what both ends are left with. */
    public final R run() throws VmmigException {
        return recorder.concluding(this::runOrUndo);
    }

    private R runOrUndo() throws VmmigException {
        try {
            try {
                return steps();
            } catch (VmmigException | RuntimeException | Error e) {
                throw undone(e instanceof OutOfMemoryError ? HeapBudget.checked(e) : e);
            } finally {
                scope.close();
            }
        } catch (VmmigException e) {
            VmmigException explained = explained(cancellation.explained(e));
            resolved(explained);
            throw explained;
        } finally {
            recorder.end();
            end();
        }
    }

    /** The steps, in order. */
    abstract R steps() throws VmmigException;

    /** Lets the hand-over resolve a failure, while everything is still open. */
    abstract VmmigException undone(Throwable why);

    /** The failure to report, after everything is closed. */
    abstract VmmigException explained(VmmigException failure);

    /** Runs after the failure is explained. */
    void resolved(VmmigException explained) {}

    /** Runs last, after success or failure. */
    void end() {}
}
