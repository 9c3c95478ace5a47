// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What went wrong, as tests see it. */
public final class Problems {
    private Problems() {}

    public static void assertProblem(Throwable thrown, Problem problem) {
        assertThat(thrown).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(e.problem())
                .isEqualTo(problem));
    }

    /** That it was one of these deadlines, in milliseconds, that ended what was waited for. */
    public static void assertEndedByDeadlineOf(Throwable thrown, long... millis) {
        List<String> messages = new ArrayList<>();
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            messages.add(String.valueOf(t.getMessage()));
        }
        assertThat(messages)
                .anyMatch(message -> Arrays.stream(millis).anyMatch(each -> message.contains(" " + each + " ms")));
    }
}
