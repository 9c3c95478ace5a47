// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class OutageTrackerTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private long now;
    private final OutageTracker outages = new OutageTracker(() -> now);

    private void after(int seconds) {
        now += Duration.ofSeconds(seconds).toNanos();
    }

    @Test
    void eachBeginsWhenTheConnectionBreaks() {
        after(5);
        outages.broken(100, LIMIT);
        assertThat(outages.began()).isEqualTo(now);
        after(3);
        assertThat(outages.joined(100)).isEqualTo(Duration.ofSeconds(3));
        after(1);
        outages.broken(101, LIMIT);
        assertThat(outages.began()).isEqualTo(now);
    }

    @Test
    void aConnectionThatBroughtNothingEndsNone() {
        after(5);
        outages.broken(100, LIMIT);
        long began = now;
        for (int i = 0; i < 40; i++) {
            after(1);
            outages.joined(100);
            after(1);
            outages.broken(100, LIMIT);
        }
        assertThat(outages.began()).isEqualTo(began);
    }

    @Test
    void unlessItLasted() {
        outages.broken(100, LIMIT);
        outages.joined(100);
        after(31);
        outages.broken(100, LIMIT);
        assertThat(outages.began()).isEqualTo(now);
    }
}
