// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import java.util.Arrays;

/** Single zstd frames (RFC 8878), with their content size and their checksum. */
final class Frames {
    private static final String REMEDY =
            "The package is damaged, or was not made by vmmig; make it afresh at the source.";

    private static final byte[] MAGIC = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};

    private static final long MAX_WINDOW = 8 << 20;

    private Frames() {}

    static ZstdCompressCtx compressor() {
        return new ZstdCompressCtx().setChecksum(true).setContentSize(true);
    }

    /** Decodes an untrusted frame into {@code target}, and returns the number of bytes. */
    static int decompress(ZstdDecompressCtx context, byte[] stored, int length, byte[] target)
            throws PackageFormatException {
        try {
            int size = requireOneFrame(stored, length, target.length);
            int decoded = context.decompressByteArray(target, 0, size, stored, 0, length);
            if (decoded != size) {
                throw malformed("a segment decodes to another size than it states");
            }
            return decoded;
        } catch (ZstdException e) {
            throw new PackageFormatException(
                    Problem.PACKAGE_MALFORMED, "a segment cannot be decoded: " + e.getMessage(), REMEDY, e);
        }
    }

    /**
     * The decoded size of the frame, at most {@code limit}. Refuses frames of old formats, skippable frames and anything after a frame, all of which zstd would
     * accept.
     */
    static int requireOneFrame(byte[] stored, int length, int limit) throws PackageFormatException {
        if (length < MAGIC.length
                || !Arrays.equals(stored, 0, MAGIC.length, MAGIC, 0, MAGIC.length)
                || Zstd.findFrameCompressedSize(stored, 0, length) != length) {
            throw malformed("a segment is not one zstd frame");
        }
        long size = Zstd.getFrameContentSize(stored, 0, length);
        if (size < 0) {
            throw malformed("a segment does not state its size");
        }
        if (size > limit) {
            throw overLimit(size, limit);
        }
        if (ZstdWindow.of(stored, length) > MAX_WINDOW) {
            throw malformed("a segment's frame has too large a window");
        }
        return (int) size;
    }

    static PackageFormatException overLimit(long size, int limit) {
        return new PackageFormatException(
                Problem.PACKAGE_LIMIT_EXCEEDED,
                "a segment decodes to " + size + " bytes, and the limit is " + limit,
                REMEDY);
    }

    static PackageFormatException malformed(String what) {
        return new PackageFormatException(Problem.PACKAGE_MALFORMED, what, REMEDY);
    }
}
