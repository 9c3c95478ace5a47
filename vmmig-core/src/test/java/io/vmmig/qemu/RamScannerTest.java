// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What stands between the sections of RAM does not hide the pages behind it. */
class RamScannerTest {
    private static final int START = 1;
    private static final int PART = 2;
    private static final int END = 3;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    private void section(int kind, int... pages) throws IOException {
        out.write(kind);
        out.writeInt(2);
        if (kind == START) {
            out.writeInt(0x0372616d);
            out.writeLong(4);
        }
        for (int page : pages) {
            boolean first = page == 0;
            out.writeLong(page * 4096L | (first ? 0x08 : 0x28));
            if (first) {
                out.write(6);
                out.writeBytes("pc.ram");
            }
            out.write(new byte[4096]);
        }
        out.writeLong(0x10);
        out.write(0x7e);
        out.writeInt(2);
    }

    private List<Long> pages(int atOnce) {
        byte[] stream = bytes.toByteArray();
        List<Long> pages = new ArrayList<>();
        RamScanner scanner = new RamScanner();
        int scanned = 0;
        for (int to = Math.min(atOnce, stream.length);
                scanned < stream.length;
                to = Math.min(to + atOnce, stream.length)) {
            scanned = scanner.scan(stream, scanned, to, to == stream.length, new RamScanner.Visitor() {
                @Override
                public void opaque(int offset, int length) {
                    // No page.
                }

                @Override
                public void page(int offset, int headerBytes, String block, long address) {
                    pages.add(address / 4096);
                }

                @Override
                public void filled(int offset, int headerBytes, String block, long address) {
                    throw new AssertionError("there is none");
                }
            });
        }
        return pages;
    }

    @ParameterizedTest
    @CsvSource({"0, 1000000", "0, 1", "0, 7", "100, 1000000", "100, 13"})
    void aCommandIsPassedOver(int length, int atOnce) throws Exception {
        out.writeInt(0x5145564d);
        out.writeInt(3);
        section(START, 0, 1);
        section(PART, 2);
        out.write(8);
        out.writeShort(11);
        out.writeShort(length);
        out.write(new byte[length]);
        section(END, 3, 4);
        assertThat(pages(atOnce)).containsExactly(0L, 1L, 2L, 3L, 4L);
    }

    /** A scanner that believed any length would wait for bytes that need not come. */
    @ParameterizedTest
    @CsvSource({"2000", "65535"})
    void aLongCommandIsNotUnderstood(int length) throws Exception {
        out.writeInt(0x5145564d);
        out.writeInt(3);
        section(START, 0);
        out.write(8);
        out.writeShort(11);
        out.writeShort(length);
        section(END, 1);
        assertThat(pages(1_000_000)).containsExactly(0L);
    }
}
