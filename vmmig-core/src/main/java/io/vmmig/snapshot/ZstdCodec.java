// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import io.vmmig.PackageFormatException;
import java.io.IOException;
import java.io.InputStream;

/** Stores each segment as one zstd frame of its bytes. */
public final class ZstdCodec implements SegmentEncoder, SegmentDecoder {
    /** Kernels and ramdisks are compressed already, as a rule. */
    private static final int LEVEL = 1;

    private final NativeContexts<ZstdCompressCtx> compressors =
            new NativeContexts<>(() -> Frames.compressor().setLevel(LEVEL));
    private final NativeContexts<ZstdDecompressCtx> decompressors = new NativeContexts<>(ZstdDecompressCtx::new);

    /** Cuts a content into segments that are full, but for the last. */
    public static boolean fill(Segment segment, InputStream in) throws IOException {
        byte[] buffer = segment.decoded();
        int length = in.readNBytes(buffer, 0, buffer.length);
        segment.decodedLength(length);
        return length == buffer.length;
    }

    @Override
    public void encode(Segment segment) {
        compressors.with(context -> {
            segment.storedLength(context.compressByteArray(
                    segment.stored(), 0, segment.stored().length, segment.decoded(), 0, segment.decodedLength()));
        });
    }

    @Override
    public void decode(Segment segment) throws PackageFormatException {
        decompressors.with(context -> {
            segment.decodedLength(
                    Frames.decompress(context, segment.stored(), segment.storedLength(), segment.decoded()));
        });
    }

    @Override
    public void complete(Segment segment) {
        // Each segment stands on its own.
    }

    @Override
    public void close() {
        compressors.close();
        decompressors.close();
    }
}
