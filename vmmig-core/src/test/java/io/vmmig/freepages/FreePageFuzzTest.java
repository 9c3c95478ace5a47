// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class FreePageFuzzTest {
    /** Where a kernel keeps what the search goes by. */
    private static final List<Integer> PLACES = List.of(
            FakeKernel.START_TABLES,
            FakeKernel.SWAPPER,
            FakeKernel.IMAGE_UPPER,
            FakeKernel.IMAGE_TABLE,
            FakeKernel.VARIABLES,
            FakeKernel.INFO,
            FakeKernel.SECTION_ROOTS,
            FakeKernel.SECTIONS,
            FakeKernel.ZONE,
            FakeKernel.DIRECT_UPPER,
            FakeKernel.DIRECT_TABLE,
            FakeKernel.MEMMAP_UPPER,
            FakeKernel.MEMMAP_TABLE,
            FakeKernel.MEMMAP);

    static Stream<byte[]> changes() {
        byte[] nothing = new byte[0];
        byte[] one = ByteBuffer.allocate(11)
                .put((byte) 8)
                .putShort((short) 4)
                .putLong(1)
                .array();
        return Stream.of(nothing, one);
    }

    /** A guest's memory can hold anything: a place, an offset and 8 bytes for each change of it. */
    @MethodSource("changes")
    @FuzzTest
    void guestMemory(byte[] changes) {
        FakeKernel kernel = FakeKernel.withFreeBlocks();
        ByteBuffer in = ByteBuffer.wrap(changes);
        while (in.remaining() >= 11) {
            int place = PLACES.get((in.get() & 0xff) % PLACES.size());
            kernel.setLong(place + (in.getShort() & 0xfff & ~7), in.getLong());
        }
        RamLayout layout;
        try {
            layout = RamLayout.of("x86_64", "pc-q35-7.2", FakeKernel.BYTES);
            FreePageSearch search = FreePageSearch.find(kernel, layout, "x86_64");
            search.awaitTick();
            FreePages pages = search.finish();
            assertThat(pages.toString()).isNotNull();
        } catch (Doubt e) {
            assertThat(e.because()).isNotBlank();
        }
    }

    static Stream<byte[]> infos() {
        return Stream.of(
                "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(a)=ffffffff81000000\nNUMBER(b)=-129\nSIZE(c)=64\nOFFSET(d.e)=8\n"
                        .getBytes(StandardCharsets.US_ASCII));
    }

    @MethodSource("infos")
    @FuzzTest
    void vmCoreInfo(byte[] page) {
        VmCoreInfo info = new VmCoreInfo(page);
        assertThat(info.release()).isNotNull();
        List<Reading> readings = List.of(info::pageBytes, () -> info.symbol("a"), () -> info.number("b"));
        for (Reading reading : readings) {
            try {
                reading.read();
            } catch (Doubt e) {
                assertThat(e.because()).isNotBlank();
            }
        }
    }

    private interface Reading {
        long read() throws Doubt;
    }
}
