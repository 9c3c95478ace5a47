// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/** A small QEMU migration stream for tests: pages of all sorts, and then the state of some devices. */
final class RamStream {
    static final int PAGE_BYTES = 4096;

    private static final int SECTION = 2;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int inSection;

    private RamStream() {}

    /** A stream of one block for each array of pages; null is a page of zeros. */
    static byte[] of(byte[][]... blocks) {
        RamStream stream = new RamStream();
        stream.write(blocks);
        return stream.bytes.toByteArray();
    }

    /** Pages as guests have them, the same for the same seed. */
    static byte[][] pages(int count, long seed) {
        Random random = new Random(seed);
        byte[][] pages = new byte[count][];
        for (int i = 0; i < count; i++) {
            switch (random.nextInt(8)) {
                case 0, 1 -> {}
                case 2 -> {
                    pages[i] = new byte[PAGE_BYTES];
                    Arrays.fill(pages[i], (byte) 0xff);
                }
                case 3 -> pages[i] = i == 0 ? null : pages[random.nextInt(i)];
                case 4 -> random.nextBytes(pages[i] = new byte[PAGE_BYTES]);
                default -> pages[i] = text(random);
            }
        }
        return pages;
    }

    private static byte[] text(Random random) {
        byte[] page = new byte[PAGE_BYTES];
        for (int i = 0; i < PAGE_BYTES; i++) {
            page[i] = (byte) ('a' + random.nextInt(4));
        }
        return page;
    }

    private void write(byte[][]... blocks) {
        number(0x5145564d, 4);
        number(3, 4);
        // The configuration: its length, and the machine type.
        number(7, 1);
        number(4, 4);
        bytes.writeBytes("pc-q".getBytes(StandardCharsets.US_ASCII));
        section(1);
        number(3, 1);
        bytes.writeBytes("ram".getBytes(StandardCharsets.US_ASCII));
        number(0, 4);
        number(4, 4);
        long all = 0;
        for (byte[][] block : blocks) {
            all += (long) block.length * PAGE_BYTES;
        }
        number(all | 4, 8);
        for (int i = 0; i < blocks.length; i++) {
            name(i);
            number((long) blocks[i].length * PAGE_BYTES, 8);
        }
        endSection();
        section(2);
        for (int i = 0; i < blocks.length; i++) {
            writeBlock(i, blocks[i]);
        }
        endSection();
        section(3);
        endSection();
        number(4, 1);
        byte[] devices = new byte[20_000];
        new Random(1).nextBytes(devices);
        bytes.writeBytes(devices);
    }

    private void writeBlock(int number, byte[][] pages) {
        for (int i = 0; i < pages.length; i++) {
            if (++inSection == 100) {
                endSection();
                section(2);
                inSection = 0;
            }
            byte[] page = pages[i];
            number((long) i * PAGE_BYTES | (i == 0 ? 0 : 0x20) | (page == null ? 2 : 8), 8);
            if (i == 0) {
                name(number);
            }
            bytes.writeBytes(page == null ? new byte[1] : page);
        }
    }

    private void name(int number) {
        number(7, 1);
        bytes.writeBytes(("block." + number).getBytes(StandardCharsets.US_ASCII));
    }

    private void section(int type) {
        number(type, 1);
        number(SECTION, 4);
    }

    private void endSection() {
        number(0x10, 8);
        number(0x7e, 1);
        number(SECTION, 4);
    }

    private void number(long value, int length) {
        bytes.writeBytes(Arrays.copyOfRange(
                ByteBuffer.allocate(Long.BYTES).putLong(value).array(), Long.BYTES - length, Long.BYTES));
    }
}
