// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgramLimitsTest {
    @ParameterizedTest
    @CsvSource({
        "64, 2, 1",
        "256, 2, 1",
        "256, 64, 1",
        "512, 2, 1",
        "1024, 2, 2",
        "1024, 4, 3",
        "6144, 2, 2",
        "6144, 16, 16",
        "65536, 1, 2"
    })
    void dependsOnHeapAndProcessors(long heapMib, int processors, int atOnce) {
        assertThat(ProgramLimits.atOnce(heapMib << 20, processors)).isEqualTo(atOnce);
    }
}
