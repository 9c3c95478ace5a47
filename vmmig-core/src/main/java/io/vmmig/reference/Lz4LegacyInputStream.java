// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.sparse.BlockInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Decompresses LZ4's legacy frame format, which Linux uses for kernels: a magic number, then blocks of up to 8 MiB, each preceded by its
 * compressed size, up to the end of the stream, or to a size of 0 if that is taken as the end. For one thread.
 */
final class Lz4LegacyInputStream extends BlockInput {
    static final int MAGIC = 0x184c2102;

    private static final int BLOCK_BYTES = 8 << 20;
    private static final int MAX_STORED_BYTES = BLOCK_BYTES + BLOCK_BYTES / 255 + 16;
    private static final int MIN_MATCH = 4;

    private final InputStream in;
    private final boolean endsAtZero;
    private final byte[] block = new byte[BLOCK_BYTES];
    private byte[] stored = new byte[0];
    private int from;
    private int position;
    private int limit;
    private boolean ended;

    Lz4LegacyInputStream(InputStream in, boolean endsAtZero) throws IOException {
        this.in = in;
        this.endsAtZero = endsAtZero;
        byte[] magic = in.readNBytes(Integer.BYTES);
        if (magic.length < Integer.BYTES || littleEndian(magic) != MAGIC) {
            throw new IOException("this is not LZ4's legacy format");
        }
    }

    private static int littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (position == limit) {
            ended = ended || !nextBlock();
            if (ended) {
                return -1;
            }
        }
        int n = Math.min(length, limit - position);
        System.arraycopy(block, position, buffer, offset, n);
        position += n;
        return n;
    }

    private boolean nextBlock() throws IOException {
        int length;
        do {
            byte[] size = in.readNBytes(Integer.BYTES);
            if (size.length == 0) {
                return false;
            }
            length = size.length < Integer.BYTES ? -1 : littleEndian(size);
            // Another stream may follow the first.
        } while (length == MAGIC);
        if (length == 0 && endsAtZero) {
            return false;
        }
        if (length <= 0 || length > MAX_STORED_BYTES) {
            throw malformed();
        }
        if (stored.length < length) {
            stored = new byte[length];
        }
        if (in.readNBytes(stored, 0, length) < length) {
            throw malformed();
        }
        position = 0;
        limit = decompress(length);
        return true;
    }

    private int decompress(int length) throws IOException {
        int to = 0;
        from = 0;
        try {
            while (from < length) {
                int token = stored[from++] & 0xff;
                int literals = extended(token >>> 4);
                if (literals > length - from || literals > BLOCK_BYTES - to) {
                    throw malformed();
                }
                System.arraycopy(stored, from, block, to, literals);
                from += literals;
                to += literals;
                if (from == length) {
                    return to;
                }
                int distance = stored[from] & 0xff | (stored[from + 1] & 0xff) << 8;
                from += 2;
                int match = extended(token & 15) + MIN_MATCH;
                if (distance == 0 || distance > to || match > BLOCK_BYTES - to) {
                    throw malformed();
                }
                copy(to, distance, match);
                to += match;
            }
            throw malformed();
        } catch (ArrayIndexOutOfBoundsException e) {
            throw new IOException("malformed LZ4 data", e);
        }
    }

    /** A length of 15 is continued by the next bytes. */
    private int extended(int first) {
        int length = first;
        int more = first == 15 ? 255 : 0;
        while (more == 255) {
            more = stored[from++] & 0xff;
            length += more;
        }
        return length;
    }

    /** Copies from {@code distance} bytes before; the copy may overlap itself. */
    private void copy(int to, int distance, int length) {
        int done = 0;
        while (done < length) {
            int n = Math.min(distance + done, length - done);
            System.arraycopy(block, to - distance, block, to + done, n);
            done += n;
        }
    }

    private static IOException malformed() {
        return new IOException("malformed LZ4 data");
    }
}
