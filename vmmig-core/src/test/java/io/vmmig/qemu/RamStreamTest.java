// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link RamStream} writes, {@link RamScanner} understands. */
class RamStreamTest {
    private static final int PAGE = RamScanner.PAGE_BYTES;

    private boolean closed;

    /** However it is read; fewer pages than it reads at once, as many, and more. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 256, 257, 1000})
    void isOneRecordForEachPageInOrder(int pages) throws Exception {
        byte[] memory = new byte[pages * PAGE];
        Random random = new Random(pages);
        for (int page = 0; page < pages; page++) {
            if (page % 3 != 1) {
                byte[] content = new byte[PAGE];
                random.nextBytes(content);
                System.arraycopy(content, 0, memory, page * PAGE, PAGE);
            }
        }
        byte[] stream = read(memory, random);
        List<String> seen = new ArrayList<>();
        int scanned = new RamScanner().scan(stream, 0, stream.length, true, new RamScanner.Visitor() {
            @Override
            public void opaque(int offset, int length) {
                // Headers.
            }

            @Override
            public void page(int offset, int headerBytes, String block, long address) {
                assertThat(block).isEqualTo("pc.ram");
                assertThat(stream).as("%d", address).satisfies(all -> assertThat(java.util.Arrays.equals(
                                all,
                                offset + headerBytes,
                                offset + headerBytes + PAGE,
                                memory,
                                (int) address,
                                (int) address + PAGE))
                        .isTrue());
                seen.add("page " + address / PAGE);
            }

            @Override
            public void filled(int offset, int headerBytes, String block, long address) {
                assertThat(block).isEqualTo("pc.ram");
                assertThat(stream[offset + headerBytes]).isZero();
                seen.add("zero " + address / PAGE);
            }
        });
        assertThat(scanned).isEqualTo(stream.length);
        List<String> expected = new ArrayList<>();
        for (int page = 0; page < pages; page++) {
            expected.add((page % 3 == 1 ? "zero " : "page ") + page);
        }
        assertThat(seen).isEqualTo(expected);
        assertThat(closed).isTrue();
    }

    private byte[] read(byte[] memory, Random random) throws IOException {
        byte[] all = new byte[2 * memory.length + 1000];
        int length = 0;
        try (RamStream stream = new RamStream("pc.ram", memory.length, new RamStream.Memory() {
            @Override
            public void read(long address, byte[] buffer, int bytes) {
                System.arraycopy(memory, (int) address, buffer, 0, bytes);
            }

            @Override
            public void close() {
                closed = true;
            }
        })) {
            int read = 0;
            while (read >= 0) {
                read = stream.read(all, length, 1 + random.nextInt(100_000) % (all.length - length));
                length += Math.max(0, read);
            }
            assertThat(stream.read()).isEqualTo(-1);
        }
        return java.util.Arrays.copyOf(all, length);
    }
}
