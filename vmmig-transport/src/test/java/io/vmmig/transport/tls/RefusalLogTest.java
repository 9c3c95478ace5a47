// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RefusalLogTest {
    private final AtomicLong now = new AtomicLong(-5);
    private final List<String> lines = new ArrayList<>();
    private final RefusalLog log = new RefusalLog(lines::add, now::get);

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void aFloodIsOnlyCounted() {
        for (int i = 0; i < 1_000_000; i++) {
            log.say("line " + i);
        }
        assertThat(lines).hasSize(20).startsWith("line 0", "line 1").endsWith("line 19");

        pass(Duration.ofSeconds(10));
        log.say("the next");
        log.say("too soon");
        assertThat(lines).hasSize(21).endsWith("the next (and 999980 more since the last such line)");
    }

    @Test
    void whatIsRareIsAllSaid() {
        for (int i = 0; i < 100; i++) {
            log.say("line " + i);
            pass(Duration.ofSeconds(10));
        }
        assertThat(lines).hasSize(100).allMatch(line -> !line.contains("more"));
    }

    @Test
    void quietTimesAreNotSavedUp() {
        pass(Duration.ofDays(1000));
        for (int i = 0; i < 100; i++) {
            log.say("line " + i);
        }
        assertThat(lines).hasSize(20);
    }

    @Test
    void aTrickleOverTheLimitIsBoundedToo() {
        for (int i = 0; i < 100_000; i++) {
            log.say("line " + i);
            pass(Duration.ofMillis(100));
        }
        assertThat(lines).hasSizeBetween(1000, 1021);
    }
}
