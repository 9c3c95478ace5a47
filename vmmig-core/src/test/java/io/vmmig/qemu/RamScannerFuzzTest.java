// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class RamScannerFuzzTest {
    static Stream<byte[]> streams() {
        ByteBuffer stream = ByteBuffer.allocate(9000);
        stream.putInt(0x5145564d).putInt(3);
        stream.put((byte) 1).putInt(2).putInt(0x0372616d).putInt(0).putInt(4);
        stream.putLong(0x8000 | 4)
                .put((byte) 6)
                .put("pc.ram".getBytes())
                .putLong(0x8000)
                .putLong(0x10);
        stream.put((byte) 0x7e).putInt(2);
        stream.put((byte) 2).putInt(2).putLong(0x08).put((byte) 6).put("pc.ram".getBytes());
        stream.position(stream.position() + 4096);
        stream.putLong(0x1022).put((byte) 7).putLong(0x10).put((byte) 0x7e).putInt(2);
        return Stream.of(stream.array());
    }

    /** Every byte is told of once, in order, however the stream is cut. */
    @MethodSource("streams")
    @FuzzTest
    void everyByteOnce(byte[] stream) {
        int step = stream.length == 0 ? 1 : 5000 + (stream[0] & 0xff);
        RamScanner scanner = new RamScanner();
        Told told = new Told();
        int from = 0;
        for (int to = Math.min(step, stream.length); ; to = Math.min(to + step, stream.length)) {
            from = scanner.scan(stream, from, to, to == stream.length, told);
            assertThat(from).isEqualTo(told.next).isLessThanOrEqualTo(to);
            if (to == stream.length) {
                break;
            }
        }
        assertThat(told.next).isEqualTo(stream.length);
    }

    private static final class Told implements RamScanner.Visitor {
        private int next;

        private void take(int offset, int length) {
            assertThat(offset).isEqualTo(next);
            assertThat(length).isPositive();
            next += length;
        }

        @Override
        public void opaque(int offset, int length) {
            take(offset, length);
        }

        @Override
        public void page(int offset, int headerBytes, String block, long address) {
            take(offset, headerBytes + RamScanner.PAGE_BYTES);
        }

        @Override
        public void filled(int offset, int headerBytes, String block, long address) {
            take(offset, headerBytes + 1);
        }
    }
}
