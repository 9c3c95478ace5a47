// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.faults.Faults;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.matrix.Matrix;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A sample of the fault matrix, with every kind of fault; {@code ./faults} tries all of it. */
class FaultsIT {
    private static final int AT_LEAST = 20;

    @Test
    void whateverGoesWrongTheGuestLivesOnceAndIsWhole() {
        try (Lab lab = Lab.open()) {
            List<Matrix.Outcome<?>> outcomes = Faults.sample(lab, System.out);

            assertThat(outcomes).hasSizeGreaterThanOrEqualTo(AT_LEAST).allMatch(Matrix.Outcome::green);
        }
    }
}
