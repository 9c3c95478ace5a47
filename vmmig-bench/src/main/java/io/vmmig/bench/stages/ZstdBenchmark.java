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

/** zstd with a checksum, as for segments. Its library is loaded beforehand. */
public class ZstdBenchmark extends StageBenchmark {
    /** Packs. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public int compress(Compressor compressor, MemorySegments memory) {
        return compressor.compress(memory.next());
    }

    /** Unpacks. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public int decompress(Frames frames) {
        return frames.decompress();
    }

    /** Compresses at some level. */
    @State(Scope.Benchmark)
    public static class Compressor {
        /** The level. */
        @Param({"1", "2", "3", "6", "9"})
        public int level;

        private final ZstdCompressCtx context = new ZstdCompressCtx();
        private final byte[] stored = new byte[(int) Zstd.compressBound(MemorySegments.BYTES)];

        /** Sets the level. */
        @Setup
        public void set() {
            context.setLevel(level).setChecksum(true);
        }

        private int compress(byte[] segment) {
            return context.compressByteArray(stored, 0, stored.length, segment, 0, segment.length);
        }

        /** Frees native memory. */
        @TearDown
        public void close() {
            context.close();
        }
    }

    /** Segments that are compressed. */
    @State(Scope.Benchmark)
    public static class Frames {
        private final ZstdDecompressCtx context = new ZstdDecompressCtx();
        private final byte[] decoded = new byte[MemorySegments.BYTES];
        private final List<byte[]> frames = new ArrayList<>();
        private int next;

        /** Compresses them, and prints their size. */
        @Setup
        public void compressAll(Compressor compressor, MemorySegments memory) {
            long bytes = 0;
            for (byte[] segment : memory.all()) {
                int length = compressor.compress(segment);
                frames.add(Arrays.copyOf(compressor.stored, length));
                bytes += length;
            }
            System.out.printf(
                    "level %d: %.3f of the size%n",
                    compressor.level, bytes / (double) memory.all().size() / MemorySegments.BYTES);
        }

        private int decompress() {
            next = (next + 1) % frames.size();
            byte[] frame = frames.get(next);
            return context.decompressByteArray(decoded, 0, decoded.length, frame, 0, frame.length);
        }

        /** Frees native memory. */
        @TearDown
        public void close() {
            context.close();
        }
    }
}
