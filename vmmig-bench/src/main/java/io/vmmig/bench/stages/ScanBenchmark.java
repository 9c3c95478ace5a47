// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.qemu.RamScanner;
import io.vmmig.testkit.GeneratedStream;
import java.io.IOException;
import java.io.InputStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** Finds the pages in a QEMU stream, a generated one because that can start again each time. */
@State(Scope.Benchmark)
public class ScanBenchmark extends StageBenchmark {
    private byte[] stream = new byte[0];

    /** Prepares the stream. */
    @Setup
    public void generate() throws IOException {
        try (InputStream in = GeneratedStream.of(16 * MemorySegments.BYTES, 1)) {
            stream = in.readNBytes(MemorySegments.BYTES);
        }
    }

    /** Scans a segment of it. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public int scan(Blackhole found) {
        return new RamScanner().scan(stream, 0, stream.length, true, new RamScanner.Visitor() {
            @Override
            public void opaque(int offset, int length) {
                found.consume(offset);
            }

            @Override
            public void page(int offset, int headerBytes, String block, long address) {
                found.consume(offset);
            }

            @Override
            public void filled(int offset, int headerBytes, String block, long address) {
                found.consume(offset);
            }
        });
    }
}
