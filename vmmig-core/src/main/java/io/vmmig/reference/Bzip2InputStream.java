// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.sparse.BlockInput;
import java.io.IOException;
import java.io.PushbackInputStream;

/**
 * Decompresses one bzip2 stream, and reads nothing after it. Refuses obsolete randomised blocks. Takes up to 4 MiB. For one thread.
 *
 * <p>A library for this would add four jars and the JDK's desktop module.
 */
final class Bzip2InputStream extends BlockInput {
    private static final long BLOCK_MAGIC = 0x314159265359L;
    private static final long END_MAGIC = 0x177245385090L;
    private static final int BLOCK_UNIT = 100_000;
    private static final int MAX_CODE_BITS = 20;
    private static final int MAX_TABLES = 6;
    private static final int SYMBOLS_PER_SELECTOR = 50;
    private static final int RUN = 4;

    private final PushbackInputStream in;
    private final byte[] chunk = new byte[Unpacking.BUFFER_BYTES];
    private int chunkAt;
    private int chunkEnd;
    private long bits;
    private int bitCount;

    private final int[] block;
    private int left;
    private int position;
    private int last = -1;
    private int equal;
    private int repeats;
    private int blockCrc;
    private int expectedBlockCrc;
    private int streamCrc;
    private boolean inBlock;
    private boolean ended;

    Bzip2InputStream(PushbackInputStream in) throws IOException {
        this.in = in;
        int level = bits(8) == 'B' && bits(8) == 'Z' && bits(8) == 'h' ? bits(8) - '0' : -1;
        if (level < 1 || level > 9) {
            throw malformed();
        }
        block = new int[level * BLOCK_UNIT];
    }

    private static IOException malformed() {
        return new IOException("malformed bzip2 data");
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            if (repeats > 0) {
                repeats--;
            } else if (left > 0) {
                int next = block[position];
                position = next >>> 8;
                left--;
                int value = next & 0xff;
                if (equal == RUN) {
                    equal = 0;
                    repeats = value;
                    continue;
                }
                equal = value == last || equal == 0 ? equal + 1 : 1;
                last = value;
            } else if (ended || !nextBlock()) {
                return at == offset && length > 0 ? -1 : at - offset;
            } else {
                continue;
            }
            buffer[at++] = (byte) last;
            blockCrc = blockCrc << 8 ^ CRC[(blockCrc >>> 24 ^ last) & 0xff];
        }
        return at - offset;
    }

    private static final int[] CRC = new int[256];

    static {
        for (int i = 0; i < CRC.length; i++) {
            int crc = i << 24;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc << 1 ^ (crc < 0 ? 0x04c11db7 : 0);
            }
            CRC[i] = crc;
        }
    }

    /** The next bits, at most 24, most significant first. */
    private int bits(int count) throws IOException {
        int value = peek(count);
        bitCount -= count;
        return value;
    }

    private int peek(int count) throws IOException {
        while (bitCount < count) {
            if (chunkAt == chunkEnd) {
                chunkAt = 0;
                chunkEnd = Math.max(0, in.read(chunk, 0, chunk.length));
                if (chunkEnd == 0) {
                    throw malformed();
                }
            }
            bits = bits << 8 | chunk[chunkAt++] & 0xff;
            bitCount += 8;
        }
        return (int) (bits >>> bitCount - count) & (1 << count) - 1;
    }

    private boolean nextBlock() throws IOException {
        if (inBlock) {
            if (~blockCrc != expectedBlockCrc) {
                throw malformed();
            }
            streamCrc = Integer.rotateLeft(streamCrc, 1) ^ expectedBlockCrc;
        }
        long magic = (long) bits(24) << 24 | bits(24);
        int crc = bits(16) << 16 | bits(16);
        if (magic == END_MAGIC) {
            if (crc != streamCrc) {
                throw malformed();
            }
            ended = true;
            in.unread(chunk, chunkAt, chunkEnd - chunkAt);
            return false;
        }
        if (magic != BLOCK_MAGIC || bits(1) != 0) {
            throw malformed();
        }
        expectedBlockCrc = crc;
        blockCrc = -1;
        equal = 0;
        inBlock = true;
        readBlock(bits(24));
        return true;
    }

    private void readBlock(int origin) throws IOException {
        byte[] values = new byte[256];
        int used = readUsed(values);
        int tableCount = bits(3);
        int selectorCount = bits(15);
        if (used == 0 || tableCount < 2 || tableCount > MAX_TABLES || selectorCount == 0) {
            throw malformed();
        }
        byte[] selectors = readSelectors(selectorCount, tableCount);
        CodeTable[] tables = new CodeTable[tableCount];
        for (int i = 0; i < tableCount; i++) {
            tables[i] = readTable(used + 2);
        }
        int[] counts = new int[256];
        int length = readSymbols(values, used, selectors, tables, counts);
        if (origin >= length) {
            throw malformed();
        }
        invert(length, origin, counts);
    }

    private int readUsed(byte[] values) throws IOException {
        int groups = bits(16);
        int used = 0;
        for (int group = 0; group < 16; group++) {
            if ((groups & 0x8000 >>> group) != 0) {
                int members = bits(16);
                for (int i = 0; i < 16; i++) {
                    if ((members & 0x8000 >>> i) != 0) {
                        values[used++] = (byte) (16 * group + i);
                    }
                }
            }
        }
        return used;
    }

    private byte[] readSelectors(int count, int tableCount) throws IOException {
        byte[] order = {0, 1, 2, 3, 4, 5};
        byte[] selectors = new byte[count];
        for (int i = 0; i < count; i++) {
            int at = 0;
            while (bits(1) == 1) {
                if (++at == tableCount) {
                    throw malformed();
                }
            }
            selectors[i] = toFront(order, at);
        }
        return selectors;
    }

    private static byte toFront(byte[] order, int at) {
        byte value = order[at];
        System.arraycopy(order, 0, order, 1, at);
        order[0] = value;
        return value;
    }

    private CodeTable readTable(int symbols) throws IOException {
        int[] lengths = new int[symbols];
        int length = bits(5);
        for (int i = 0; i < symbols; i++) {
            while (true) {
                if (length < 1 || length > MAX_CODE_BITS) {
                    throw malformed();
                }
                if (bits(1) == 0) {
                    break;
                }
                length += bits(1) == 0 ? 1 : -1;
            }
            lengths[i] = length;
        }
        return new CodeTable(lengths);
    }

    /** Canonical codes: for each length, the distance from a code to the index of its symbol, and the bound above all codes. */
    private static final class CodeTable {
        private final int[] toIndex = new int[MAX_CODE_BITS + 1];
        private final int[] above = new int[MAX_CODE_BITS + 1];
        private final int[] symbols;

        CodeTable(int[] lengths) {
            symbols = new int[lengths.length];
            int index = 0;
            int code = 0;
            for (int length = 1; length <= MAX_CODE_BITS; length++) {
                toIndex[length] = index - code;
                for (int symbol = 0; symbol < lengths.length; symbol++) {
                    if (lengths[symbol] == length) {
                        symbols[index++] = symbol;
                    }
                }
                code = index - toIndex[length];
                above[length] = code << MAX_CODE_BITS - length;
                code <<= 1;
            }
        }
    }

    private int symbol(CodeTable table) throws IOException {
        // Enough bits follow: the next block's header or the end marker.
        int next = peek(MAX_CODE_BITS);
        for (int length = 1; length <= MAX_CODE_BITS; length++) {
            if (next < table.above[length]) {
                bitCount -= length;
                return table.symbols[(next >>> MAX_CODE_BITS - length) + table.toIndex[length]];
            }
        }
        throw malformed();
    }

    private int readSymbols(byte[] values, int used, byte[] selectors, CodeTable[] tables, int[] counts)
            throws IOException {
        int length = 0;
        int run = 0;
        int runUnit = 1;
        int end = used + 1;
        for (int at = 0; at < selectors.length * SYMBOLS_PER_SELECTOR; at++) {
            int symbol = symbol(tables[selectors[at / SYMBOLS_PER_SELECTOR]]);
            if (symbol < 2) {
                run += runUnit << symbol;
                runUnit <<= 1;
                if (run > block.length - length) {
                    throw malformed();
                }
                continue;
            }
            int front = values[0] & 0xff;
            counts[front] += run;
            for (; run > 0; run--) {
                block[length++] = front;
            }
            runUnit = 1;
            if (symbol == end) {
                return length;
            }
            if (length == block.length) {
                throw malformed();
            }
            int value = toFront(values, symbol - 1) & 0xff;
            counts[value]++;
            block[length++] = value;
        }
        throw malformed();
    }

    /** Inverts the sort: each entry then holds its byte and the index of the next one. */
    private void invert(int length, int origin, int[] counts) {
        int sum = 0;
        for (int i = 0; i < counts.length; i++) {
            int count = counts[i];
            counts[i] = sum;
            sum += count;
        }
        for (int i = 0; i < length; i++) {
            int value = block[i] & 0xff;
            block[counts[value]++] |= i << 8;
        }
        position = block[origin] >>> 8;
        left = length;
    }
}
