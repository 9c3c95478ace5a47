// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StepsTest {
    @Test
    void takesFourTimesAsMuchEachTime() {
        assertThat(Steps.mebibytes(64)).containsExactly(256L, 1024L, 4096L, 16_384L, 65_536L);
    }

    @Test
    void alwaysTakesOneGibibyteAsTheSecond() {
        assertThat(Steps.mebibytes(1)).containsExactly(256L, 1024L);
        assertThat(Steps.mebibytes(2)).containsExactly(256L, 1024L, 2048L);
    }

    @Test
    void takesTwiceAsManyProcessorsEachTime() {
        assertThat(Steps.processors(8)).containsExactly(1, 2, 4, 8);
    }

    @Test
    void endsWithAllProcessors() {
        assertThat(Steps.processors(1)).containsExactly(1);
        assertThat(Steps.processors(6)).containsExactly(1, 2, 4, 6);
    }
}
