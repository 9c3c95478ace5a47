// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.bundle.format.TarHeader;
import io.vmmig.bundle.format.TarInput;
import io.vmmig.bundle.format.TarOutput;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The tar around segments; it should cost almost nothing. */
public class TarBenchmark extends StageBenchmark {
    /** A tar of one segment. */
    @State(Scope.Benchmark)
    public static class Written {
        private final byte[] content = new byte[MemorySegments.BYTES];
        private byte[] tar = new byte[0];

        /** Writes it. */
        @Setup
        public void write(MemorySegments memory) throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            TarOutput output = new TarOutput(out);
            output.entry("snapshot/000000", memory.next(), MemorySegments.BYTES);
            output.end();
            tar = out.toByteArray();
        }
    }

    /** Writes a segment, to nowhere. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public long write(MemorySegments memory) throws IOException {
        TarOutput output = new TarOutput(OutputStream.nullOutputStream());
        output.entry("snapshot/000000", memory.next(), MemorySegments.BYTES);
        return output.bytes();
    }

    /** Reads a segment. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public byte read(Written written) throws Exception {
        TarInput input = new TarInput(new ByteArrayInputStream(written.tar));
        TarHeader header = input.next();
        if (header == null) {
            throw new IOException("the tar is empty");
        }
        input.content(header, written.content);
        return written.content[written.content.length - 1];
    }
}
