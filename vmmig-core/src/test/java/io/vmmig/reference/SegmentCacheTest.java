// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.snapshot.PageMap;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SegmentCacheTest {
    private static final int MIB = 1 << 20;

    @Test
    void whatWasUsedLastStaysWithinTheBound() throws Exception {
        SegmentCache cache = new SegmentCache();
        List<byte[]> bodies = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            bodies.add(new byte[4 * MIB]);
            cache.put(this, i, segment(bodies.get(i)));
            assertThat(cache.bytes()).isLessThanOrEqualTo(SegmentCache.MAX_BYTES);
        }
        assertThat(cache.get(this, 19))
                .isNotNull()
                .extracting(SegmentCache.Segment::body)
                .isSameAs(bodies.get(19));
        assertThat(cache.get(this, 0)).isNull();
        cache.put(this, 19, segment(new byte[10]));
        assertThat(cache.bytes()).isLessThan(SegmentCache.MAX_BYTES - 3 * MIB);
    }

    private static SegmentCache.Segment segment(byte[] body) throws Exception {
        return new SegmentCache.Segment(body, PageMap.of(new byte[4], 4));
    }
}
