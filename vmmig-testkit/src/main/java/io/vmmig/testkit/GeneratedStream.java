// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * The migration stream of a made-up guest, as QEMU would write it: a header, RAM sections with records of zero pages, of
 * compressible, incompressible and repeated ones, then device state. It is worked out while it is read, so a stream of many
 * GiB takes neither a disk nor memory, and it is the same each time for the same arguments.
 *
 * <p>About 55 in 100 pages are empty; a stream has therefore about 0.45 of the size of the guest's memory. For one thread.
 * Closing it does nothing.
 */
public final class GeneratedStream extends InputStream {
    /** The size of a page, in bytes. */
    public static final int PAGE = GeneratedPages.PAGE;

    private static final int CHUNK = 1 << 16;
    private static final int SECTION_START = 0x01;
    private static final int SECTION_PART = 0x02;
    private static final int SECTION_END = 0x03;
    private static final int SECTION_FULL = 0x04;
    private static final int VM_DESCRIPTION = 0x06;
    private static final int CONFIGURATION = 0x07;
    private static final int FOOTER = 0x7e;
    private static final int FLAG_ZERO = 0x02;
    private static final int FLAG_MEM_SIZE = 0x04;
    private static final int FLAG_PAGE = 0x08;
    private static final int FLAG_EOS = 0x10;
    private static final int FLAG_CONTINUE = 0x20;
    private static final int RAM_SECTION = 3;
    private static final int PAGES_PER_SECTION = 40_000;
    private static final int DEVICES = 12;
    private static final int DEVICE_BYTES = 16 << 10;

    /** A record of a page at most: section header, address, block name, content, end of section, footer. */
    private static final int LARGEST_STEP = PAGE + 256;

    private static final String RAM = "pc.ram";
    private static final String ROM = "pc.rom";
    private static final int ROM_PAGES = 32;

    private final GeneratedPages pages;
    private final long ramPages;
    private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
    private long page;
    private int device;
    private boolean begun;
    private boolean ended;

    private GeneratedStream(long memoryBytes, long seed) {
        if (memoryBytes < PAGE || memoryBytes % PAGE != 0) {
            throw new IllegalArgumentException("not a positive number of pages: " + memoryBytes + " bytes");
        }
        this.pages = new GeneratedPages(seed);
        this.ramPages = memoryBytes / PAGE;
        chunk.flip();
    }

    /**
     * The stream of a guest.
     *
     * @param memoryBytes the guest's memory, a multiple of {@link #PAGE}
     * @param seed what the guest's memory is worked out from
     */
    public static GeneratedStream of(long memoryBytes, long seed) {
        return new GeneratedStream(memoryBytes, seed);
    }

    @Override
    public int read() {
        return refill() ? chunk.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, buffer.length);
        if (length == 0) {
            return 0;
        }
        if (!refill()) {
            return -1;
        }
        int n = Math.min(length, chunk.remaining());
        chunk.get(buffer, offset, n);
        return n;
    }

    private boolean refill() {
        if (chunk.hasRemaining()) {
            return true;
        }
        chunk.clear();
        while (!ended && chunk.remaining() >= LARGEST_STEP) {
            step();
        }
        chunk.flip();
        return chunk.hasRemaining();
    }

    private void step() {
        if (!begun) {
            begun = true;
            writeStart();
        } else if (page < ramPages + ROM_PAGES) {
            writePage();
            page++;
        } else if (device < DEVICES * (DEVICE_BYTES / PAGE)) {
            writeDevice();
            device++;
        } else {
            writeEnd();
            ended = true;
        }
    }

    private void writeStart() {
        chunk.put(ascii("QEVM")).putInt(3);
        byte[] machine = ascii("pc-q35-7.2");
        chunk.put((byte) CONFIGURATION).putInt(machine.length).put(machine);
        beginSection(SECTION_START);
        chunk.put((byte) 3).put(ascii("ram")).putInt(0).putInt(4);
        chunk.putLong((ramPages + ROM_PAGES) * PAGE | FLAG_MEM_SIZE);
        writeName(RAM);
        chunk.putLong(ramPages * PAGE);
        writeName(ROM);
        chunk.putLong((long) ROM_PAGES * PAGE);
        endSection();
    }

    private void writePage() {
        boolean firstOfSection = page % PAGES_PER_SECTION == 0;
        boolean last = page == ramPages + ROM_PAGES - 1;
        if (firstOfSection) {
            boolean lastSection = page + PAGES_PER_SECTION >= ramPages + ROM_PAGES;
            beginSection(lastSection ? SECTION_END : SECTION_PART);
        }
        if (page == 0) {
            writeRecord(0, 0, RAM);
        } else if (page < ramPages) {
            writeRecord(page * PAGE, FLAG_CONTINUE, "");
        } else {
            writeRecord((page - ramPages) * PAGE, page == ramPages ? 0 : FLAG_CONTINUE, page == ramPages ? ROM : "");
        }
        if (last || (page + 1) % PAGES_PER_SECTION == 0) {
            endSection();
        }
    }

    private void writeRecord(long address, int flags, String block) {
        boolean oneByte = pages.kind(page).repeatsOneByte();
        chunk.putLong(address | flags | (oneByte ? FLAG_ZERO : FLAG_PAGE));
        if (!block.isEmpty()) {
            writeName(block);
        }
        if (oneByte) {
            chunk.put(pages.fill(page));
        } else {
            pages.write(page, chunk);
        }
    }

    private void beginSection(int type) {
        chunk.put((byte) type).putInt(RAM_SECTION);
    }

    private void endSection() {
        chunk.putLong(FLAG_EOS).put((byte) FOOTER).putInt(RAM_SECTION);
    }

    /** A page's worth of a device's state; only its beginning and end say so, for no length is written anywhere. */
    private void writeDevice() {
        int part = device % (DEVICE_BYTES / PAGE);
        int section = RAM_SECTION + 1 + device / (DEVICE_BYTES / PAGE);
        if (part == 0) {
            chunk.put((byte) SECTION_FULL).putInt(section);
            writeName("0000:00:0" + Integer.toHexString(section & 0xf) + ".0/device");
            chunk.putInt(0).putInt(1);
        }
        pages.write(ramPages + ROM_PAGES + device, chunk);
        if (part == DEVICE_BYTES / PAGE - 1) {
            chunk.put((byte) FOOTER).putInt(section);
        }
    }

    private void writeEnd() {
        byte[] description = ascii("{\"page_size\":4096,\"devices\":[]}");
        chunk.put((byte) 0);
        chunk.put((byte) VM_DESCRIPTION).putInt(description.length).put(description);
    }

    private void writeName(String name) {
        chunk.put((byte) name.length()).put(ascii(name));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
