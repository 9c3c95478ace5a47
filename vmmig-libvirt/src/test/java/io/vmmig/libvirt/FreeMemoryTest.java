// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FreeMemoryTest {
    @Test
    void whatCachesHoldCountsAsFree() {
        assertThat(FreeMemory.parse(List.of("MemTotal: 9 kB", "MemFree:  1 kB", "MemAvailable:    4 kB")))
                .hasValue(4096);
    }

    @Test
    void aKernelThatDoesNotTellIsBelieved() {
        assertThat(FreeMemory.parse(List.of("MemTotal: 9 kB"))).isEmpty();
    }
}
