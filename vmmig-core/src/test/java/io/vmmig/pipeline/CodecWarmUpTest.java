// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.qemu.RamScanner;
import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CodecWarmUpTest {
    /** Were the stream not understood, another part of the codec would become warm. */
    @Test
    void whatItPacksIsUnderstoodAsMemory() {
        byte[] stream = io.vmmig.qemu.SampleMemory.stream(2048);
        Pages pages = new Pages();
        RamScanner scanner = new RamScanner();

        int told = scanner.scan(stream, 0, stream.length, true, pages);

        assertThat(told).isEqualTo(stream.length);
        assertThat(pages.filled).isPositive();
        assertThat(pages.full + pages.filled).isEqualTo(2048);
    }

    /** What fails here is only logged in a migration, whose guest then is paused for longer. */
    @ParameterizedTest
    @EnumSource
    void itRunsWithoutFailure(CodecWarmUp codec) throws Exception {
        codec.warmUp();
    }

    @Test
    void whatItPacksCanBeUnpacked() throws Exception {
        byte[] stream = io.vmmig.qemu.SampleMemory.stream(2048);
        ByteArrayOutputStream written = new ByteArrayOutputStream();

        CodecWarmUp.write(stream, written);
        CodecWarmUp.read(written.toByteArray());

        assertThat(written.size()).isBetween(stream.length / 10, stream.length);
    }

    private static final class Pages implements RamScanner.Visitor {
        private int full;
        private int filled;

        @Override
        public void opaque(int offset, int length) {}

        @Override
        public void page(int offset, int headerBytes, String block, long address) {
            full++;
        }

        @Override
        public void filled(int offset, int headerBytes, String block, long address) {
            filled++;
        }
    }
}
