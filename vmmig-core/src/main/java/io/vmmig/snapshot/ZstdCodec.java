// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import io.vmmig.content.Level;
import io.vmmig.error.PackageFormatException;
import java.io.IOException;
import java.io.InputStream;

/** Stores each segment as one zstd frame of its bytes. */
public final class ZstdCodec implements SegmentEncoder, SegmentDecoder {
    /** Without entropy coding; takes hardly longer than digesting its output. */
    private static final int LITTLE = -1;

    /** Kernels are usually compressed already, and still shrink by a tenth, at 100 MB per second and processor. */
    private static final int SOME = 5;

    private static final int MUCH = 12;

    private final NativeContexts<ZstdCompressCtx> compressors;
    private final NativeContexts<ZstdDecompressCtx> decompressors = new NativeContexts<>(ZstdDecompressCtx::new);

    private ZstdCodec(int level) {
        compressors = new NativeContexts<>(() -> Frames.compressor().setLevel(level));
    }

    /** An encoder for a level. */
    public static SegmentEncoder encoder(Level level) {
        return new ZstdCodec(
                switch (level) {
                    case FASTEST -> LITTLE;
                    case BALANCED, AUTO -> SOME;
                    case SMALLEST -> MUCH;
                });
    }

    /** A decoder for all levels. */
    public static SegmentDecoder decoder() {
        return new ZstdCodec(LITTLE);
    }

    /** Splits a content into segments, all full except the last. */
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
        // Each segment is independent.
    }

    @Override
    public void close() {
        compressors.close();
        decompressors.close();
    }
}
