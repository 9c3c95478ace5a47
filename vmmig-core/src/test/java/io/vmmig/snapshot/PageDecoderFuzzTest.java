// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.github.luben.zstd.Zstd;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class PageDecoderFuzzTest {
    private static final int SEGMENT_BYTES = 256 << 10;
    private static final int PAGES = 16;

    static Stream<byte[]> bodies() {
        byte[] literal = new byte[4 + 2 + PageSource.PAGE_BYTES];
        literal[0] = 2;
        literal[4] = 2;
        literal[5] = 1;
        return Stream.of(
                new byte[4],
                new byte[] {2, 0, 0, 0, 0, 3, 'a', 'b', 'c'},
                literal,
                new byte[] {8, 0, 0, 0, 1, 7, 3, 5, 9, 7, 3, 4},
                new byte[] {10, 0, 0, 0, 5, 2, 0, 0, 21, 1, 0, 3, 4, 1, 1},
                new byte[] {4, 0, 0, 0, 6, 1, 0, 2});
    }

    /** What a frame unpacks to: the fuzzer need not find out how to make frames. */
    @MethodSource("bodies")
    @FuzzTest
    void body(byte[] body) throws Exception {
        decode(Zstd.compress(body));
    }

    static Stream<byte[]> frames() {
        return bodies().map(Zstd::compress);
    }

    @MethodSource("frames")
    @FuzzTest
    void frame(byte[] frame) throws Exception {
        decode(frame);
    }

    private static void decode(byte[] frame) throws Exception {
        SegmentPool pool = new SegmentPool(1, SEGMENT_BYTES, SEGMENT_BYTES);
        Segment segment = pool.take();
        if (frame.length > SEGMENT_BYTES) {
            return;
        }
        System.arraycopy(frame, 0, segment.stored(), 0, frame.length);
        segment.storedLength(frame.length);
        List<Reference> references = List.of(new Reference(new Counting(), Reference.Order.ANY));
        try (PageDecoder decoder =
                new PageDecoder(references, new PageTally(references.size()), new PageRing(), SEGMENT_BYTES)) {
            decoder.decode(segment);
            decoder.complete(segment);
            assertThat(segment.decodedLength()).isBetween(0, SEGMENT_BYTES);
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    /** Pages that say which they are. */
    private static final class Counting implements PageSource {
        @Override
        public long pages() {
            return PAGES;
        }

        @Override
        public void read(long page, byte[] buffer, int offset) {
            assertThat(page).isBetween(0L, PAGES - 1L);
            java.util.Arrays.fill(buffer, offset, offset + PAGE_BYTES, (byte) page);
        }

        @Override
        public long find(long hash, long near) {
            return -1;
        }

        @Override
        public void close() {}
    }
}
