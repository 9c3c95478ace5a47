// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.report.MigrationReport;
import io.vmmig.snapshot.HeapBudget;

/** What the scripts of both ends have in common: after a failed step, the hand-over rolls back, and the caller gets an explanation. */
abstract class MigrationScript<R extends MigrationReport> {
    private static final String RECOVER =
            "Run Recovery here (Recovery.of(hypervisor).state(state).run()) when the hypervisor answers again.";

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

    /** Adds what both ends are left with, after everything is closed. */
    abstract Failure leaving(Failure failure);

    /** Whether this end is left to a recovery. */
    abstract boolean leftToRecovery();

    private VmmigException explained(VmmigException e) {
        Failure failure = leaving(e.failure().during(recorder.guest(), recorder.phase()));
        return VmmigException.of(leftToRecovery() ? failure.advising(RECOVER) : failure, e);
    }

    /** Converts what was thrown to a checked exception. A bug is rethrown as it is, unless it leaves the outcome of a hand-over unknown. */
    static VmmigException checked(Throwable thrown, boolean unknown) {
        if (thrown instanceof VmmigException known) {
            return known;
        }
        if (unknown) {
            return VmmigException.of(
                    Problem.OUTCOME_UNKNOWN,
                    "this program failed while the guest was handed over (" + thrown
                            + "), so it is not known whether the destination has it",
                    "",
                    thrown);
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        throw (RuntimeException) thrown;
    }

    /** Runs after the failure is explained. */
    void resolved(VmmigException explained) {}

    /** Runs last, after success or failure. */
    void end() {}
}
