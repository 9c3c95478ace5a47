// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class FreshJvmTest {
    @Test
    void hasAStreamPass() throws Exception {
        Pass pass = FreshJvm.pass(16, 1, 1);

        assertThat(pass.same()).isTrue();
        assertThat(pass.processors()).isEqualTo(1);
        assertThat(pass.streamBytes()).isGreaterThanOrEqualTo(16 << 20);
        assertThat(pass.peakHeapBytes()).isLessThanOrEqualTo((long) FreshJvm.HEAP_MIB << 20);
        assertThat(pass.megabytesPerSecond()).isPositive();
    }
}
