// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;

/** Failures as reported to the caller of a migration. */
final class Failures {
    static final String RECOVER =
            "Run Recovery here (Recovery.of(hypervisor).state(state).run()) when the hypervisor answers again.";

    private Failures() {}

    /** Converts what was thrown to a checked exception. A bug is rethrown as it is, unless it leaves the outcome of a hand-over unknown. */
    static VmmigException checked(Throwable thrown, boolean unknown) {
        if (thrown instanceof VmmigException known) {
            return known;
        }
        if (unknown) {
            return VmmigException.of(
                    Failure.of(
                            Problem.OUTCOME_UNKNOWN,
                            "this program failed while the guest was handed over (" + thrown
                                    + "), so it is not known whether the destination has it",
                            ""),
                    thrown);
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        throw (RuntimeException) thrown;
    }
}
