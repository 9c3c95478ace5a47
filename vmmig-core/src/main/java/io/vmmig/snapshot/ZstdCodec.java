// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import io.vmmig.Level;
import io.vmmig.PackageFormatException;
import java.io.IOException;
import java.io.InputStream;

/** Stores each segment as one zstd frame of its bytes. */
public final class ZstdCodec implements SegmentEncoder, SegmentDecoder {
    /** Kernels and ramdisks are compressed already, as a rule: another tenth costs more time than the rest of their way. */
    private static final int LITTLE = -1;

    private static final int MUCH = 3;

    private final NativeContexts<ZstdCompressCtx> compressors;
    private final NativeContexts<ZstdDecompressCtx> decompressors = new NativeContexts<>(ZstdDecompressCtx::new);

    private ZstdCodec(int level) {
        compressors = new NativeContexts<>(() -> Frames.compressor().setLevel(level));
    }

    /** Encodes with so much work. */
    public static SegmentEncoder encoder(Level level) {
        return new ZstdCodec(level == Level.SMALLEST ? MUCH : LITTLE);
    }

    /** Decodes what was encoded with any amount of work. */
    public static SegmentDecoder decoder() {
        return new ZstdCodec(LITTLE);
    }

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
