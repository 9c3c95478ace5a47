// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.report.MigrationReport;
import io.vmmig.snapshot.HeapBudget;

/**
 * What the scripts of both ends have in common: whatever fails in a step comes here, is undone by the hand-over, and is then explained to
 * the caller.
 */
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

    /** The steps, in their order. */
    abstract R steps() throws VmmigException;

    /** Has the hand-over decide what becomes of the guest after a failure; everything is still open. */
    abstract VmmigException undone(Throwable why);

    /** What the caller is told; all that was opened is closed. */
    abstract VmmigException explained(VmmigException failure);

    /** What is left to do when the failure can be explained. */
    void resolved(VmmigException explained) {}

    /** Comes last, after success and failure. */
    void end() {}
}
