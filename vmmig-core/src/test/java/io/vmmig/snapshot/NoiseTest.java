// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import io.vmmig.content.Level;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NoiseTest {
    private static final int BYTES = Segments.MAX_BYTES;
    private static final int PAGE_BYTES = 4096;
    private static final int PAGES = BYTES / PAGE_BYTES;

    private static byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        new Random(bytes).nextBytes(noise);
        return noise;
    }

    /** Words as in prose, a different page each time. */
    private static byte[] text(int bytes) {
        String[] words = new String[500];
        Random random = new Random(2);
        for (int i = 0; i < words.length; i++) {
            words[i] = Long.toString(random.nextLong() >>> 30 + random.nextInt(20), 36);
        }
        StringBuilder text = new StringBuilder();
        while (text.length() < bytes) {
            text.append(words[random.nextInt(words.length)]).append(' ');
        }
        return text.substring(0, bytes).getBytes(StandardCharsets.US_ASCII);
    }

    /** Noise with a page of text in every {@code one} pages. */
    private static byte[] mixed(int one) {
        byte[] mixed = noise(BYTES);
        byte[] text = text(BYTES);
        for (int at = 0; at < BYTES; at += one * PAGE_BYTES) {
            System.arraycopy(text, at, mixed, at, PAGE_BYTES);
        }
        return mixed;
    }

    private static boolean isNoise(byte[] bytes) {
        return Noise.is(bytes, 0, bytes.length);
    }

    private static Segment segment() {
        return new Segment(new byte[BYTES], new byte[Segments.storedBytes(BYTES)]);
    }

    /** The pages as a stored segment, which decodes to them. */
    private static byte[] stored(byte[] pages, Level level) throws Exception {
        Segment segment = segment();
        new PageSegmenter().disk().fill(segment, new ByteArrayInputStream(pages));
        try (PageEncoder encoder =
                new PageEncoder(List.of(), LevelControl.of(level), new PageTally(0), new UsualShifts(0), BYTES)) {
            encoder.encode(segment);
        }
        byte[] stored = Arrays.copyOf(segment.stored(), segment.storedLength());
        Segment read = segment();
        System.arraycopy(stored, 0, read.stored(), 0, stored.length);
        read.storedLength(stored.length);
        try (PageDecoder decoder = new PageDecoder(List.of(), new PageTally(0), new PageRing(), BYTES)) {
            decoder.decode(read);
            decoder.complete(read);
        }
        assertThat(Arrays.copyOf(read.decoded(), read.decodedLength())).isEqualTo(pages);
        return stored;
    }

    @ParameterizedTest
    @EnumSource
    void noiseIsStoredWithoutOverhead(Level level) throws Exception {
        assertThat(stored(noise(BYTES), level)).hasSizeLessThan(BYTES + 128);
        assertThat(stored(noise(BYTES - 1), level)).hasSizeLessThan(BYTES + 128);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 50, 120, 200, 1000})
    void textAmongNoiseIsStoredAsSmallAsAtThatLevel(int one) throws Exception {
        byte[] pages = mixed(one);
        for (Level level : Level.values()) {
            byte[] stored = stored(pages, level);
            byte[] body = new byte[Segments.bodyBytes(BYTES)];
            try (ZstdDecompressCtx out = new ZstdDecompressCtx();
                    ZstdCompressCtx in = Frames.compressor()) {
                int length = out.decompress(body, stored);
                int asBefore = in.setLevel(LevelControl.of(level).zstdLevel())
                        .compressByteArray(
                                new byte[(int) Zstd.compressBound(length)],
                                0,
                                (int) Zstd.compressBound(length),
                                body,
                                0,
                                length);
                assertThat(stored.length).as(level.name()).isLessThan(asBefore * 101 / 100);
            }
        }
    }

    @Test
    void onlyWhatHardlyCompressesIsNoise() {
        assertThat(isNoise(noise(BYTES))).isTrue();
        assertThat(isNoise(noise(BYTES + 1000))).isTrue();
        assertThat(isNoise(mixed(PAGES))).isTrue();
        assertThat(isNoise(mixed(100))).isFalse();
        assertThat(isNoise(mixed(2))).isFalse();
        assertThat(isNoise(text(BYTES))).isFalse();
        assertThat(isNoise(new byte[BYTES])).isFalse();
        assertThat(isNoise(new byte[0])).isFalse();
        assertThat(isNoise(Arrays.copyOf(Base64.getEncoder().encode(noise(BYTES)), BYTES)))
                .isFalse();
    }

    /** As in ZstdCodecTest: no page twice, and not all bytes as often as others. */
    @Test
    void bytesThatAreUnequalInNumberAreNot() {
        byte[] bytes = new byte[BYTES];
        Random random = new Random(1);
        for (int i = 0; i < BYTES; i++) {
            bytes[i] = (byte) (random.nextGaussian() * 40);
        }
        assertThat(isNoise(bytes)).isFalse();
    }

    /** A third of each page is zeros, wherever they are. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void pagesThatAreInPartNoiseAreNot(int third) {
        byte[] bytes = noise(BYTES);
        for (int page = 0; page < PAGES; page++) {
            int from = page * PAGE_BYTES + third * PAGE_BYTES / 3;
            Arrays.fill(bytes, from, from + PAGE_BYTES / 3, (byte) 0);
        }
        assertThat(isNoise(bytes)).isFalse();
    }
}
