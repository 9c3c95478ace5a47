// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import org.junit.jupiter.api.Test;

class MemoryStatisticsTest {
    /** An array of virDomainMemoryStatStruct. */
    private static MemoryStatistics of(long... tagsAndValues) {
        try (Memory entries = new Memory(8L * Math.max(1, tagsAndValues.length))) {
            for (int i = 0; i < tagsAndValues.length; i += 2) {
                entries.setLong(8L * i, 0xffff_ffff_0000_0000L | tagsAndValues[i]);
                entries.setLong(8L * i + 8, tagsAndValues[i + 1]);
            }
            return MemoryStatistics.of(entries, tagsAndValues.length / 2);
        }
    }

    @Test
    void sizesAreTakenFromKib() {
        MemoryStatistics statistics = of(7, 1, 4, 2048, 6, 1 << 19, 9, 1_700_000_000, 99, 3);

        assertThat(statistics.sizeBytes()).hasValue(512L << 20);
        assertThat(statistics.unusedBytes()).hasValue(2L << 20);
        assertThat(statistics.updated()).isEqualTo(1_700_000_000);
    }

    @Test
    void aDriverThatHasToldNothingHasToldNothing() {
        MemoryStatistics statistics = of(6, 1 << 19);

        assertThat(statistics.unusedBytes()).isEmpty();
        assertThat(statistics.updated()).isZero();
        assertThat(of().sizeBytes()).isEmpty();
    }
}
