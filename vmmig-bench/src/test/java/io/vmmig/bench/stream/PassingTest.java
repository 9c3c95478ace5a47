// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.content.Digest;
import io.vmmig.error.VmmigException;
import io.vmmig.testkit.GeneratedStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class PassingTest {
    private static final long MEMORY = 64L << 20;

    @Test
    void givesBackWhatWentIn() throws Exception {
        AtomicLong progress = new AtomicLong();

        Passing.Result result = Passing.of(GeneratedStream.of(MEMORY, 1), MEMORY, progress::set);

        assertThat(result.same()).isTrue();
        assertThat(result.receivedBytes()).isEqualTo(progress.get()).isGreaterThan(MEMORY / 3);
        assertThat(result.packageBytes()).isLessThan(result.sentBytes());
    }

    @Test
    void tellsAStreamFromAnother() {
        Passing.Result result = new Passing.Result(1, new Digest("a".repeat(64)), 1, new Digest("b".repeat(64)), 1);

        assertThat(result.same()).isFalse();
    }

    @Test
    void failsWithItsSource() {
        InputStream broken = new FilterInputStream(GeneratedStream.of(MEMORY, 1)) {
            private long passed;

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                passed += length;
                if (passed > MEMORY / 4) {
                    throw new IOException("broken for a test");
                }
                return super.read(buffer, offset, length);
            }
        };

        assertThatThrownBy(() -> Passing.of(broken, MEMORY, bytes -> {}))
                .isInstanceOf(VmmigException.class)
                .hasMessageContaining("broken for a test");
    }
}
