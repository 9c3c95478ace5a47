// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.sparse.BlockInput;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.BasicArrayCache;
import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * Decompresses kernels and ramdisks, up to a total number of bytes. The streams that it returns leave their input open; in the second
 * layout they leave it positioned after their own end. For one thread.
 */
final class Unpacking {
    /** The number of bytes that identify a compression, and the size of an LZMA dictionary. */
    static final int MAGIC_BYTES = 5;

    /** How far streams read ahead and push back. */
    static final int BUFFER_BYTES = 64 << 10;

    /** Allows the 64 MiB dictionary plus decoding overhead, but not the next larger one of 96 MiB; in KiB. */
    private static final int MAX_XZ_KIB = 80 << 10;

    private static final int MAX_LZMA_DICTIONARY = 64 << 20;

    private static final byte[] GZIP = {0x1f, (byte) 0x8b, 8};
    private static final byte[] ZSTD = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};
    private static final byte[] LZ4_LEGACY = {0x02, 0x21, 0x4c, 0x18};
    private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X'};
    private static final byte[] LZMA = {0x5d, 0, 0};
    private static final byte[] BZIP2 = {'B', 'Z', 'h'};

    private static final int GZIP_HEADER_CRC = 2;
    private static final int GZIP_EXTRA = 4;
    private static final int GZIP_NAME = 8;
    private static final int GZIP_COMMENT = 16;
    private static final int GZIP_RESERVED = 0xe0;
    private static final int MAX_GZIP_TEXT = 4096;
    private static final int GZIP_TRAILER_BYTES = 8;

    private final boolean first;
    /** Without it, each of a thousand blocks of xz would allocate another dictionary. */
    private final BasicArrayCache arrays = new BasicArrayCache();

    private long left;

    Unpacking(PageLayout layout, long limit) {
        this.first = layout == PageLayout.BOOT_1;
        this.left = limit;
    }

    /** The decompressed content of the stream, or null if the compression is unknown. For gzip, the first member only. */
    @Nullable
    InputStream of(PushbackInputStream in) throws IOException {
        byte[] magic = in.readNBytes(MAGIC_BYTES);
        in.unread(magic);
        InputStream unpacked = unlimited(magic, in);
        return unpacked == null ? null : new Bounded(unpacked);
    }

    private @Nullable InputStream unlimited(byte[] magic, PushbackInputStream in) throws IOException {
        if (startsWith(magic, GZIP)) {
            skipGzipHeader(in);
            return new GzipMember(in);
        }
        if (startsWith(magic, ZSTD)) {
            return new ZstdFrames(in, first);
        }
        if (startsWith(magic, LZ4_LEGACY)) {
            return new Lz4LegacyInputStream(in, !first);
        }
        if (first) {
            return null;
        }
        if (startsWith(magic, XZ)) {
            return new SingleXZInputStream(new Shield(in), MAX_XZ_KIB, true, arrays);
        }
        if (startsWith(magic, LZMA)) {
            return lzma(magic, in);
        }
        return startsWith(magic, BZIP2) ? new Bzip2InputStream(in) : null;
    }

    private InputStream lzma(byte[] magic, InputStream in) throws IOException {
        if (magic.length == MAGIC_BYTES) {
            long dictionary = Integer.toUnsignedLong(
                    ByteBuffer.wrap(magic).order(ByteOrder.LITTLE_ENDIAN).getInt(1));
            if (dictionary > MAX_LZMA_DICTIONARY) {
                throw new IOException("an LZMA dictionary of " + dictionary + " bytes");
            }
        }
        return new LZMAInputStream(new Shield(in), -1, arrays);
    }

    /** Whether content that begins with these bytes is compressed. */
    static boolean recognises(byte[] magic) {
        return Stream.of(GZIP, ZSTD, LZ4_LEGACY, XZ, LZMA, BZIP2).anyMatch(prefix -> startsWith(magic, prefix));
    }

    /** Whether a kernel stores the size after content that is compressed this way. */
    static boolean hasSizeBehind(byte[] magic) {
        return !startsWith(magic, GZIP);
    }

    static boolean startsWithZstd(byte[] bytes) {
        return startsWith(bytes, ZSTD);
    }

    private static boolean startsWith(byte[] bytes, byte[] prefix) {
        return bytes.length >= prefix.length && Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
    }

    private static void skipGzipHeader(InputStream in) throws IOException {
        byte[] header = in.readNBytes(10);
        if (header.length < 10 || (header[3] & GZIP_RESERVED) != 0) {
            throw new IOException("malformed gzip header");
        }
        int flags = header[3];
        if ((flags & GZIP_EXTRA) != 0) {
            in.skipNBytes(in.read() & 0xff | (in.read() & 0xff) << 8);
        }
        if ((flags & GZIP_NAME) != 0) {
            skipText(in);
        }
        if ((flags & GZIP_COMMENT) != 0) {
            skipText(in);
        }
        if ((flags & GZIP_HEADER_CRC) != 0) {
            in.skipNBytes(2);
        }
    }

    private static void skipText(InputStream in) throws IOException {
        for (int i = 0; i < MAX_GZIP_TEXT; i++) {
            int c = in.read();
            if (c == 0) {
                return;
            }
            if (c < 0) {
                break;
            }
        }
        throw new IOException("malformed gzip header");
    }

    /** Leaves its input open. */
    private static final class Shield extends FilterInputStream {
        Shield(InputStream in) {
            super(in);
        }

        @Override
        public void close() {
            // The opener continues to use it.
        }
    }

    /** Counts the output of all streams together; skipped bytes are unpacked as well. */
    private final class Bounded extends BlockInput {
        private final InputStream in;

        Bounded(InputStream in) {
            this.in = in;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int n = in.read(buffer, offset, length);
            left -= Math.max(n, 0);
            if (left < 0) {
                throw new IOException("it unpacks to too much");
            }
            return n;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    /** A member of a gzip file, after its header; pushes back what it has read after its end. */
    private static final class GzipMember extends InflaterInputStream {
        private final PushbackInputStream from;
        private boolean ended;

        GzipMember(PushbackInputStream from) {
            super(from, new Inflater(true), BUFFER_BYTES);
            this.from = from;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int n = super.read(buffer, offset, length);
            if (n < 0 && !ended) {
                ended = true;
                from.unread(buf, len - inf.getRemaining(), inf.getRemaining());
                from.readNBytes(GZIP_TRAILER_BYTES);
            }
            return n;
        }

        /** Frees the inflater's memory, since the JDK's stream does not end an inflater passed to it. */
        @Override
        public void close() {
            inf.end();
        }
    }
}
