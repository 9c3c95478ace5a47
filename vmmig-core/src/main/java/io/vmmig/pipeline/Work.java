// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;

/** Work with a result. */
@FunctionalInterface
interface Work<T> {
    T run() throws VmmigException;

    /** Work without a result. */
    @FunctionalInterface
    interface Step {
        void run() throws VmmigException;
    }

    /** A step, whose result is always true. */
    static Work<Boolean> of(Step step) {
        return () -> {
            step.run();
            return true;
        };
    }
}
