// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeapBudgetTest {
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
    void migrationsDependOnHeapAndProcessors(long heapMib, int processors, int atOnce) {
        assertThat(new HeapBudget(heapMib << 20, processors).migrations()).isEqualTo(atOnce);
    }

    @ParameterizedTest
    @CsvSource({"128, 2, 3", "128, 16, 3", "256, 2, 4", "256, 16, 6", "4096, 16, 6", "4096, 1, 3"})
    void segmentsDependOnHeapAndProcessors(long heapMib, int processors, int segments) {
        assertThat(new HeapBudget(heapMib << 20, processors).segments()).isEqualTo(segments);
    }

    @Test
    void refusesAHeapThatIsTooSmall() {
        assertThatCode(() -> new HeapBudget(128L << 20, 2).requireRoomForMigration())
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> new HeapBudget(64L << 20, 2).requireRoomForMigration())
                .hasMessageContaining("limited to 64 MiB")
                .hasMessageContaining("-Xmx128m")
                .extracting(e -> ((VmmigException) e).problem())
                .isEqualTo(Problem.HEAP_TOO_SMALL);
    }

    @Test
    void anExhaustedHeapIsACheckedFailure() {
        assertThat(HeapBudget.checked(new OutOfMemoryError("Java heap space")).problem())
                .isEqualTo(Problem.HEAP_TOO_SMALL);
    }
}
