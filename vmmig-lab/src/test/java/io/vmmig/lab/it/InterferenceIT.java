// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.host.Lab;
import io.vmmig.lab.interference.Interfere;
import io.vmmig.lab.matrix.Matrix;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A sample of the interference matrix, with everything that somebody may do; {@code ./interfere} tries it at every moment. */
@Tag("slow")
class InterferenceIT {
    private static final int AT_LEAST = 25;

    @Test
    void whateverSomebodyDoesOneCopyIsLeftAndNothingFalseIsSaid() {
        try (Lab lab = Lab.open()) {
            List<? extends Matrix.Outcome<?>> outcomes = Interfere.sample(lab, System.out);

            assertThat(outcomes).hasSizeGreaterThanOrEqualTo(AT_LEAST).allMatch(Matrix.Outcome::green);
        }
    }
}
