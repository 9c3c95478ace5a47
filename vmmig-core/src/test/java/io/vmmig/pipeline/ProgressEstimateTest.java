// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.Phase;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressEstimateTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final ProgressEstimate estimate = new ProgressEstimate();

    @Test
    void knowsNothingWhileItWaits() {
        assertThat(estimate.left(0)).isNull();
        estimate.enter(Phase.QUEUED, 0);
        assertThat(estimate.left(100 * SECOND)).isNull();
        assertThat(estimate.fraction(100 * SECOND)).isZero();

        estimate.enter(Phase.PREPARE, 100 * SECOND);
        assertThat(estimate.left(100 * SECOND)).isGreaterThan(Duration.ofSeconds(5));
        assertThat(estimate.fraction(100 * SECOND))
                .as("waiting is no part of it")
                .isZero();
    }

    @Test
    void fractionAndTimeLeftAgree() {
        estimate.enter(Phase.SNAPSHOT, 0);
        estimate.expect(Phase.SNAPSHOT, 1000L << 20);
        estimate.moved(250L << 20);
        Duration left = estimate.left(10 * SECOND);
        assertThat(left).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(31));
        assertThat(estimate.fraction(10 * SECOND)).isBetween(0.24, 0.25);

        estimate.moved(1000L << 20);
        assertThat(estimate.left(40 * SECOND)).isLessThan(Duration.ofSeconds(1));
        assertThat(estimate.fraction(40 * SECOND)).isBetween(0.97, 0.99);
    }

    @Test
    void neverGoesBack() {
        estimate.enter(Phase.PREPARE, 0);
        estimate.expect(Phase.SNAPSHOT, 1L << 20);
        double before = estimate.fraction(SECOND);
        estimate.expect(Phase.SNAPSHOT, 100L << 30);
        assertThat(estimate.fraction(2 * SECOND)).as("it has become much more").isEqualTo(before);
        estimate.enter(Phase.COMMIT, 3 * SECOND);
        assertThat(estimate.fraction(1000 * SECOND)).as("it is not done yet").isLessThan(1);
        estimate.done();
        assertThat(estimate.fraction(1000 * SECOND)).isEqualTo(1);
        assertThat(estimate.left(1000 * SECOND)).isZero();
    }
}
