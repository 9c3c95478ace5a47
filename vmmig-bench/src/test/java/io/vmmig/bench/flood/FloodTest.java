// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.flood;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./flood}, so small that it takes seconds. */
@Tag("once")
class FloodTest {
    @TempDir
    Path directory;

    @Test
    @Timeout(300)
    void everyAttackIsWithstood() throws Exception {
        assertThat(new Flood(Flood.Scale.SHORT, directory, System.out).run())
                .hasSize(9)
                .allMatch(Flood.Row::withstood);
    }
}
