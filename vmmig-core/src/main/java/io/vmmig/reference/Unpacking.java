// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import com.github.luben.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/** Decompresses what kernels and ramdisks are compressed with. */
final class Unpacking {
    /** How many bytes tell what something is compressed with. */
    static final int MAGIC_BYTES = 4;

    private static final int BUFFER_BYTES = 64 << 10;
    private static final byte[] GZIP = {0x1f, (byte) 0x8b, 8};
    private static final byte[] ZSTD = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};
    private static final byte[] LZ4_LEGACY = {0x02, 0x21, 0x4c, 0x18};

    private static final int GZIP_HEADER_CRC = 2;
    private static final int GZIP_EXTRA = 4;
    private static final int GZIP_NAME = 8;
    private static final int GZIP_COMMENT = 16;
    private static final int GZIP_RESERVED = 0xe0;
    private static final int MAX_GZIP_TEXT = 4096;

    private Unpacking() {}

    /**
     * What the stream holds in compressed form, or null if that is not known. Of gzip it is the first member alone.
     *
     * @param magic the first bytes, which are still in {@code in}
     */
    static @Nullable InputStream of(byte[] magic, InputStream in) throws IOException {
        if (startsWith(magic, GZIP)) {
            skipGzipHeader(in);
            return new OwnInflater(in);
        }
        if (startsWith(magic, ZSTD)) {
            return new ZstdInputStream(in);
        }
        return startsWith(magic, LZ4_LEGACY) ? new Lz4LegacyInputStream(in) : null;
    }

    /** Whether something compressed this way is followed by its size in a kernel. */
    static boolean hasSizeBehind(byte[] magic) {
        return !startsWith(magic, GZIP);
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

    /** Frees its memory when it is closed, which the JDK's does not with an inflater that it was given. */
    private static final class OwnInflater extends InflaterInputStream {
        OwnInflater(InputStream in) {
            super(in, new Inflater(true), BUFFER_BYTES);
        }

        @Override
        public void close() throws IOException {
            try {
                super.close();
            } finally {
                inf.end();
            }
        }
    }
}
