// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qemu;

import io.vmmig.sparse.BlockInput;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * One block of memory as the RAM section of QEMU's migration stream, with the pages in the order in which QEMU sends those of a paused
 * guest; see {@link RamScanner} for the format. No device follows, so QEMU could not load it. Not thread-safe.
 */
public final class RamStream extends BlockInput {
    private static final int PAGE_BYTES = RamScanner.PAGE_BYTES;
    private static final int PAGES_AT_ONCE = 256;
    private static final int RECORD_BYTES = Long.BYTES + PAGE_BYTES;
    /** For the section's header, twice the block's name, and the record of its size. */
    private static final int HEADER_BYTES = 1 << 10;

    private static final int SECTION = 2;
    private static final int SECTION_VERSION = 4;
    private static final byte[] ZEROS = new byte[PAGE_BYTES];

    private final byte[] block;
    private final long bytes;
    private final Memory memory;
    private final byte[] pages = new byte[PAGES_AT_ONCE * PAGE_BYTES];
    private final ByteBuffer records = ByteBuffer.allocate(HEADER_BYTES + PAGES_AT_ONCE * RECORD_BYTES);
    private long address;
    private boolean ended;

    /** The memory of a block. */
    public interface Memory extends Closeable {
        /**
         * Reads a part of it to the start of a buffer.
         *
         * @param address its offset in the block, in bytes
         * @param length in bytes
         */
        void read(long address, byte[] buffer, int length) throws IOException;
    }

    /**
     * Begins the stream.
     *
     * @param block the block's name, of at most 255 characters
     * @param bytes the block's size, a multiple of 4096
     * @param memory is closed with the stream
     */
    public RamStream(String block, long bytes, Memory memory) {
        this.block = block.getBytes(StandardCharsets.ISO_8859_1);
        this.bytes = bytes;
        this.memory = memory;
        records.putInt(RamScanner.MAGIC).putInt(RamScanner.VERSION);
        records.put((byte) RamScanner.SECTION_START).putInt(SECTION).putInt(RamScanner.RAM_NAME);
        records.putInt(0).putInt(SECTION_VERSION);
        records.putLong(bytes | RamScanner.MEM_SIZE);
        putName();
        records.putLong(bytes).flip();
    }

    private void putName() {
        records.put((byte) block.length).put(block);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, buffer.length);
        if (length == 0) {
            return 0;
        }
        if (!records.hasRemaining() && !fill()) {
            return -1;
        }
        int read = Math.min(length, records.remaining());
        records.get(buffer, offset, read);
        return read;
    }

    private boolean fill() throws IOException {
        records.clear();
        if (address < bytes) {
            int length = (int) Math.min(pages.length, bytes - address);
            memory.read(address, pages, length);
            for (int at = 0; at < length; at += PAGE_BYTES) {
                putPage(at);
            }
        } else if (!ended) {
            records.putLong(RamScanner.EOS);
            ended = true;
        }
        records.flip();
        return records.hasRemaining();
    }

    private void putPage(int at) {
        boolean zero = Arrays.equals(pages, at, at + PAGE_BYTES, ZEROS, 0, PAGE_BYTES);
        int kind = zero ? RamScanner.ZERO : RamScanner.PAGE;
        if (address == 0) {
            records.putLong(kind);
            putName();
        } else {
            records.putLong(address | kind | RamScanner.CONTINUE);
        }
        if (zero) {
            records.put((byte) 0);
        } else {
            records.put(pages, at, PAGE_BYTES);
        }
        address += PAGE_BYTES;
    }

    @Override
    public void close() throws IOException {
        memory.close();
    }
}
