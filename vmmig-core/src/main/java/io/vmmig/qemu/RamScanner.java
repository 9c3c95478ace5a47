// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qemu;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Finds the records of RAM pages in QEMU's migration stream as it passes. It knows of the format (QEMU's
 * {@code migration/savevm.c} and {@code migration/ram.c}) what it takes to find pages, checks no more than that, and cannot
 * fail: what it does not understand it calls opaque, and from there on all that follows. Not thread-safe.
 */
public final class RamScanner {
    /** The size of a page, in bytes. */
    public static final int PAGE_BYTES = 4096;

    /** In the header of a record: the page is of one byte, which follows. */
    public static final int ZERO = 0x02;
    /** In the header of a record: the page follows. */
    public static final int PAGE = 0x08;
    /** In the header of a record: the block is the one of the record before, and its name does not follow. */
    public static final int CONTINUE = 0x20;

    static final int MEM_SIZE = 0x04;
    static final int EOS = 0x10;
    private static final int MULTIFD_FLUSH = 0x200;

    static final int MAGIC = 0x5145564d;
    static final int VERSION = 3;
    static final int SECTION_START = 0x01;
    private static final int SECTION_PART = 0x02;
    private static final int SECTION_END = 0x03;
    private static final int SECTION_FOOTER = 0x7e;
    private static final int COMMAND = 0x08;
    private static final int COMMAND_HEADER_BYTES = 5;
    /** Those between the sections of RAM are shorter by far. */
    private static final int MAX_COMMAND_BYTES = 1 << 10;

    static final int RAM_NAME = 0x0372616d;

    private static final int FILE_HEADER_BYTES = 8;
    private static final int START_HEADER_BYTES = 17;
    private static final int SECTION_HEADER_BYTES = 5;
    private static final int HEADER_BYTES = Long.BYTES;
    private static final int FLAGS = PAGE_BYTES - 1;

    /** RAM comes first but for a few settings; who searches for ever would at last find it in a page's content. */
    private static final long SEARCHED_BYTES = 64 << 10;

    private enum State {
        FILE_HEADER,
        SEARCHING,
        BLOCKS,
        RECORDS,
        BETWEEN_SECTIONS,
        OPAQUE
    }

    /** What is told of a stream, in its order; every byte belongs to exactly one of the calls. */
    public interface Visitor {
        /** Bytes that are no page. */
        void opaque(int offset, int length);

        /**
         * The record of a page: a header, then the page.
         *
         * @param offset where the header begins
         * @param headerBytes the length of the header: 8 bytes of address and flags, and the block's name if it is another
         *     one than before
         * @param block the RAM block's name
         * @param address the page's offset in its block, in bytes
         */
        void page(int offset, int headerBytes, String block, long address);

        /** The record of a page of one repeated byte, which follows the header. */
        void filled(int offset, int headerBytes, String block, long address);
    }

    private State state = State.FILE_HEADER;
    private long searched;
    private int section;
    private long unlistedBytes;
    private @Nullable String block;

    private byte[] buffer = new byte[0];
    private ByteBuffer fields = ByteBuffer.wrap(buffer);
    private int at;
    private int end;

    /**
     * Goes on with the stream.
     *
     * @param bytes holds, between {@code from} and {@code to}, what was left by the call before and what follows it in the
     *     stream
     * @param last whether the stream ends there; then nothing is left
     * @return where the first byte is that was not told to the visitor, because the rest of its record is missing
     */
    public int scan(byte[] bytes, int from, int to, boolean last, Visitor visitor) {
        if (buffer != bytes) {
            buffer = bytes;
            fields = ByteBuffer.wrap(bytes);
        }
        at = from;
        end = to;
        int before;
        do {
            before = at;
            step(visitor);
        } while (at > before && at < end);
        if (last && at < end) {
            visitor.opaque(at, end - at);
            at = end;
        }
        return at;
    }

    private void step(Visitor visitor) {
        switch (state) {
            case FILE_HEADER -> fileHeader(visitor);
            case SEARCHING -> search(visitor);
            case BLOCKS -> blocks(visitor);
            case RECORDS -> records(visitor);
            case BETWEEN_SECTIONS -> betweenSections(visitor);
            case OPAQUE -> opaque(end - at, visitor);
        }
    }

    private boolean has(int bytes) {
        return end - at >= bytes;
    }

    private void opaque(int length, Visitor visitor) {
        if (length > 0) {
            visitor.opaque(at, length);
            at += length;
        }
    }

    private void giveUp(Visitor visitor) {
        state = State.OPAQUE;
        block = null;
        opaque(end - at, visitor);
    }

    private void fileHeader(Visitor visitor) {
        if (!has(FILE_HEADER_BYTES)) {
            return;
        }
        if (fields.getInt(at) == MAGIC && fields.getInt(at + Integer.BYTES) == VERSION) {
            state = State.SEARCHING;
            opaque(FILE_HEADER_BYTES, visitor);
        } else {
            giveUp(visitor);
        }
    }

    /** Settings of several kinds may precede the RAM, and none says how long it is. */
    private void search(Visitor visitor) {
        int start = at;
        int found = start;
        while (end - found >= START_HEADER_BYTES && !isRamStart(found)) {
            found++;
        }
        searched += found - start;
        if (searched > SEARCHED_BYTES) {
            giveUp(visitor);
        } else if (end - found >= START_HEADER_BYTES) {
            section = fields.getInt(found + 1);
            state = State.RECORDS;
            opaque(found + START_HEADER_BYTES - start, visitor);
        } else {
            opaque(found - start, visitor);
        }
    }

    private boolean isRamStart(int offset) {
        return buffer[offset] == SECTION_START && fields.getInt(offset + SECTION_HEADER_BYTES) == RAM_NAME;
    }

    private void blocks(Visitor visitor) {
        int next = at;
        while (unlistedBytes > 0) {
            int nameBytes = next < end ? buffer[next] & 0xff : 0;
            if (end - next < 1 + nameBytes + Long.BYTES) {
                break;
            }
            long size = fields.getLong(next + 1 + nameBytes);
            if (size <= 0 || size > unlistedBytes) {
                giveUp(visitor);
                return;
            }
            unlistedBytes -= size;
            next += 1 + nameBytes + Long.BYTES;
        }
        if (unlistedBytes == 0) {
            state = State.RECORDS;
        }
        opaque(next - at, visitor);
    }

    private void records(Visitor visitor) {
        while (state == State.RECORDS && has(HEADER_BYTES)) {
            long header = fields.getLong(at);
            int flags = (int) header & FLAGS;
            long address = header & ~FLAGS;
            int before = at;
            switch (flags) {
                case PAGE, PAGE | CONTINUE -> record(flags, address, PAGE_BYTES, visitor);
                case ZERO, ZERO | CONTINUE -> record(flags, address, 1, visitor);
                case EOS -> {
                    state = State.BETWEEN_SECTIONS;
                    opaque(HEADER_BYTES, visitor);
                }
                case MEM_SIZE -> {
                    state = address > 0 ? State.BLOCKS : State.OPAQUE;
                    unlistedBytes = address;
                    opaque(HEADER_BYTES, visitor);
                }
                case MULTIFD_FLUSH -> opaque(HEADER_BYTES, visitor);
                default -> giveUp(visitor);
            }
            if (at == before) {
                break;
            }
        }
    }

    private void record(int flags, long address, int contentBytes, Visitor visitor) {
        boolean continues = (flags & CONTINUE) != 0;
        int nameBytes = !continues && has(HEADER_BYTES + 1) ? buffer[at + HEADER_BYTES] & 0xff : 0;
        int headerBytes = continues ? HEADER_BYTES : HEADER_BYTES + 1 + nameBytes;
        String name = block;
        if (continues && name == null) {
            giveUp(visitor);
            return;
        }
        if (!has(headerBytes + contentBytes)) {
            return;
        }
        if (!continues || name == null) {
            name = new String(buffer, at + HEADER_BYTES + 1, nameBytes, StandardCharsets.ISO_8859_1);
        }
        block = name;
        if (contentBytes == PAGE_BYTES) {
            visitor.page(at, headerBytes, name, address);
        } else {
            visitor.filled(at, headerBytes, name, address);
        }
        at += headerBytes + contentBytes;
    }

    private void betweenSections(Visitor visitor) {
        if (!has(1)) {
            return;
        }
        switch (buffer[at]) {
            case SECTION_FOOTER -> {
                if (has(SECTION_HEADER_BYTES)) {
                    opaque(SECTION_HEADER_BYTES, visitor);
                }
            }
            // Machine types from 10.0 on say in this way that the guest is about to be switched over.
            case COMMAND -> command(visitor);
            case SECTION_PART, SECTION_END -> {
                if (has(SECTION_HEADER_BYTES) && fields.getInt(at + 1) == section) {
                    state = State.RECORDS;
                    opaque(SECTION_HEADER_BYTES, visitor);
                } else if (has(SECTION_HEADER_BYTES)) {
                    giveUp(visitor);
                }
            }
            default -> giveUp(visitor);
        }
    }

    private void command(Visitor visitor) {
        if (!has(COMMAND_HEADER_BYTES)) {
            return;
        }
        int length = COMMAND_HEADER_BYTES + (fields.getShort(at + 3) & 0xffff);
        if (length > MAX_COMMAND_BYTES) {
            giveUp(visitor);
        } else if (has(length)) {
            opaque(length, visitor);
        }
    }
}
