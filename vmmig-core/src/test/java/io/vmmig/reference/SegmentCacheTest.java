// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import io.vmmig.error.PackageFormatException;
import io.vmmig.snapshot.SharedSegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SegmentCacheTest {
    private static final int MIB = 1 << 20;
    private static final byte LITERAL = 2;

    private final SegmentCache cache = new SegmentCache();

    @Test
    void whatWasUsedLastStaysWithinTheBound() throws Exception {
        for (int i = 0; i < 20; i++) {
            try (SharedSegment segment = segment(4 * MIB, i)) {
                cache.put(this, i, segment);
            }
            assertThat(cache.bytes()).isLessThanOrEqualTo(SegmentCache.MAX_BYTES);
        }
        try (SharedSegment latest = cache.get(this, 19)) {
            assertThat(latest.body()[MIB]).isEqualTo((byte) 19);
        }
        assertThat(cache.get(this, 0)).isNull();
        cache.put(this, 19, segment(10, 0));
        assertThat(cache.bytes()).isLessThan(SegmentCache.MAX_BYTES - 3 * MIB);
        cache.remove(cache);
        assertThat(cache.get(this, 19)).isNotNull();
        cache.remove(this);
        assertThat(cache.bytes()).isZero();
    }

    @Test
    void nobodyWritesToASegmentThatSomebodyHas() throws Exception {
        SharedSegment held = segment(4 * MIB, 1);
        cache.put(this, 0, held);
        cache.remove(this);
        try (SharedSegment other = segment(4 * MIB, 2)) {
            assertThat(other.body()).isNotSameAs(held.body());
        }
        assertThat(held.body()[MIB]).isEqualTo((byte) 1);
        held.close();
        try (SharedSegment next = segment(4 * MIB, 3)) {
            assertThat(next.body()).isSameAs(held.body());
        }
    }

    @Test
    void instructionsForMoreThanIsThereAreRefused() {
        // Two literal pages, and the data of one.
        byte[] body = new byte[Integer.BYTES + 2 + 4096];
        ByteBuffer.wrap(body)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(2)
                .put(LITERAL)
                .put((byte) 2);

        assertThatThrownBy(() -> decode(body))
                .isInstanceOf(PackageFormatException.class)
                .hasMessageContaining("the data of a segment end too early");
    }

    /** A segment without instructions. */
    private static SharedSegment segment(int bytes, int filledWith) throws Exception {
        byte[] body = new byte[bytes];
        Arrays.fill(body, Integer.BYTES, bytes, (byte) filledWith);
        return decode(body);
    }

    private static SharedSegment decode(byte[] body) throws PackageFormatException {
        byte[] stored = Zstd.compress(body);
        return SharedSegment.of(stored, stored.length);
    }
}
