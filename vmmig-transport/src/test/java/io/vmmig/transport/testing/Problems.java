// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Problem;
import io.vmmig.VmmigException;

/** What went wrong, as tests see it. */
public final class Problems {
    private Problems() {}

    public static void assertProblem(Throwable thrown, Problem problem) {
        assertThat(thrown).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(e.problem())
                .isEqualTo(problem));
    }
}
