// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** zstd, with a checksum, as segments are stored. */
@State(Scope.Benchmark)
public class ZstdBenchmark extends StageBenchmark {
    /** The level. */
    @Param({"1", "2", "3", "6", "9"})
    public int level;

    private final ZstdCompressCtx compressor = new ZstdCompressCtx();
    private final ZstdDecompressCtx decompressor = new ZstdDecompressCtx();
    private final byte[] stored = new byte[(int) Zstd.compressBound(MemorySegments.BYTES)];
    private final byte[] decoded = new byte[MemorySegments.BYTES];
    private final List<byte[]> frames = new ArrayList<>();
    private int next;

    /** Prepares what is to be decompressed, and tells how large that is. */
    @Setup
    public void compressAll(MemorySegments memory) {
        compressor.setLevel(level).setChecksum(true);
        long bytes = 0;
        for (byte[] segment : memory.all()) {
            int length = compress(segment);
            frames.add(Arrays.copyOf(stored, length));
            bytes += length;
        }
        System.out.printf(
                "level %d: %.3f of the size%n",
                level, bytes / (double) memory.all().size() / MemorySegments.BYTES);
    }

    /** Packs. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public int compress(MemorySegments memory) {
        return compress(memory.next());
    }

    private int compress(byte[] segment) {
        return compressor.compressByteArray(stored, 0, stored.length, segment, 0, segment.length);
    }

    /** Unpacks. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public int decompress() {
        next = (next + 1) % frames.size();
        byte[] frame = frames.get(next);
        return decompressor.decompressByteArray(decoded, 0, decoded.length, frame, 0, frame.length);
    }

    /** Frees native memory. */
    @TearDown
    public void close() {
        compressor.close();
        decompressor.close();
    }
}
