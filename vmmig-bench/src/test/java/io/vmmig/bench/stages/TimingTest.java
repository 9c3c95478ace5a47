// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;

class TimingTest {
    @Test
    void isOfACallWhateverTheModeMeasures() {
        assertThat(Timing.millis(Mode.Throughput, TimeUnit.SECONDS, 800, 4)).isEqualTo(5);
        assertThat(Timing.millis(Mode.AverageTime, TimeUnit.MICROSECONDS, 500, 4))
                .isEqualTo(2);
        assertThat(Timing.millis(Mode.SingleShotTime, TimeUnit.MILLISECONDS, 7, 4))
                .isEqualTo(28);
    }

    @Test
    void isCalledAsItsStage() {
        assertThat(Timing.shortened("io.vmmig.bench.stages.ZstdBenchmark.compress"))
                .isEqualTo("Zstd.compress");
    }

    @Test
    void tellsTheRateOfWhatIsBulk() {
        assertThat(new Timing("Seal.open", 32, true, 16, 0).rate()).isEqualTo("2000");
        assertThat(new Timing("Sign.sign", 1, false, 16, 0).rate()).isEmpty();
    }

    @Test
    void standsBesideItsLikes() {
        List<String> lines = StageTable.of(
                List.of(
                        new Timing("Seal.open", 32, true, 320, Double.NaN),
                        new Timing("Seal.seal", 32, true, 1, Double.NaN)),
                List.of(new Timing("Seal.open", 32, true, 16, 12_345)));

        assertThat(lines).hasSize(3);
        assertThat(lines.get(2).split(" +"))
                .containsExactly("Seal.open", "32", "320.00", "100", "16.00", "2000", "12345");
    }
}
