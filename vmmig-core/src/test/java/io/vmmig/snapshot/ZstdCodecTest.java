// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.content.Level;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ZstdCodecTest {
    private static final int BYTES = Segments.MAX_BYTES;

    /** What kernels have left: no page twice, and not all bytes as often as others. */
    private static int storedBytes(Level level) throws Exception {
        Segment segment = new Segment(new byte[BYTES], new byte[Segments.storedBytes(BYTES)]);
        Random random = new Random(1);
        for (int i = 0; i < BYTES; i++) {
            segment.decoded()[i] = (byte) (random.nextGaussian() * 40);
        }
        segment.decodedLength(BYTES);
        try (SegmentEncoder encoder = ZstdCodec.encoder(level)) {
            encoder.encode(segment);
        }
        return segment.storedLength();
    }

    @Test
    void balancedMakesUseOfWhatCompressedKernelsHaveLeft() throws Exception {
        assertThat(storedBytes(Level.FASTEST)).isGreaterThan(BYTES * 98 / 100);
        assertThat(storedBytes(Level.BALANCED)).isLessThan(BYTES * 95 / 100);
        assertThat(storedBytes(Level.AUTO)).isEqualTo(storedBytes(Level.BALANCED));
        assertThat(storedBytes(Level.SMALLEST)).isLessThanOrEqualTo(storedBytes(Level.BALANCED));
    }
}
