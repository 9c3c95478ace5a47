// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.guest.Console;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClockReadingTest {
    @TempDir
    private Path temp;

    @Test
    void aGuestStoodStillForWhatItsClockLacks() {
        ClockReading before = new ClockReading(Instant.ofEpochMilli(10_000), 5_000);
        ClockReading after = new ClockReading(Instant.ofEpochMilli(13_000), 5_500);

        assertThat(after.standstillMillisSince(before)).isEqualTo(2_500);
    }

    @Test
    void onlyATickAtTheVeryEndTellsTheTime() {
        assertThat(uptime("tick 1 3.10\ntick 2 3.25\n")).hasValue(3_250L);
        assertThat(uptime("tick 2 3.25\r\n")).hasValue(3_250L);
        assertThat(uptime("tick 2 3.25\nrecorded 7\n")).isEmpty();
        assertThat(uptime("tick 2 3.25\ntick 3 3.")).isEmpty();
        assertThat(uptime("")).isEmpty();
    }

    private static Optional<Long> uptime(String printed) {
        return ClockReading.uptimeMillis(printed.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void theFileSaysWhenTheTickWasWritten() throws Exception {
        Path file = Files.writeString(temp.resolve("console"), "tick 1 3.10\n");

        ClockReading reading = ClockReading.of(new Console(file, 0));

        assertThat(reading.ours()).isEqualTo(Files.getLastModifiedTime(file).toInstant());
        assertThat(reading.uptimeMillis()).isEqualTo(3_100);
    }
}
